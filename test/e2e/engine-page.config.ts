import { join } from 'node:path'
import { defineConfig } from 'vite'

export default defineConfig({
  base: '/engine/',
  build: {
    target: 'es2024',
    rolldownOptions: { input: join(import.meta.dirname, 'engine-page.part.ts'), output: { entryFileNames: 'page.js' } },
  },
  worker: { format: 'es' },
})
