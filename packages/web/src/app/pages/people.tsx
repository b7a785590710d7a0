import { People } from '../../features/members/people.tsx'

export const PeoplePage = People
