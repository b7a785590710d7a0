import { ApiTokens } from '../../features/tokens/api-tokens.tsx'

export const TokensPage = ApiTokens
