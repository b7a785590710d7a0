export { ClassList as ClassesPage } from '../../features/classes/class-list.tsx'
