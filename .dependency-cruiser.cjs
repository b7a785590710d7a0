/** The layers of ARCHITECTURE.md, held by `npm run check`. */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^packages/[^/]+/src/', pathNot: [from, ...allowed] },
})
const server = '^packages/server/src/'
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    only('api-imports-nothing-of-ours', '^packages/api/src/', []),
    only('container-imports-nothing-of-ours', '^packages/container/src/', []),
    only('smb3-imports-nothing-of-ours', '^packages/smb3/src/', []),
    only('client-imports', '^packages/client/src/', ['^packages/api/', '^packages/container/']),
    only('react-imports', '^packages/react/src/', ['^packages/client/', '^packages/api/']),
    only('web-imports', '^packages/web/src/', ['^packages/(react|client|api)/']),
    only('server-imports', server, ['^packages/(container|api|smb3)/']),
    only('cli-imports', '^packages/cli/src/', ['^packages/(client|container|server|api)/']),
    { name: 'container-no-packages', severity: 'error', from: { path: '^packages/container/src/' }, to: { path: 'node_modules' } },
    { name: 'core-knows-nothing', severity: 'error', from: { path: `${server}core/` }, to: { path: `${server}(?!core/)` } },
    {
      name: 'low-layers',
      severity: 'error',
      from: { path: `${server}(db|keys|storage|validate)/` },
      to: { path: `${server}(services|jobs|http|app|main)` },
    },
    { name: 'services-below-http', severity: 'error', from: { path: `${server}services/` }, to: { path: `${server}(http|jobs|app|main)` } },
    {
      name: 'services-no-drivers',
      severity: 'error',
      from: { path: `${server}services/` },
      to: { path: `${server}storage/(local|s3|sftp|smb|memory)` },
    },
    {
      name: 'services-no-fastify-no-sql',
      severity: 'error',
      from: { path: `${server}services/` },
      to: { path: 'node_modules/(fastify|kysely|pg|better-sqlite3)' },
    },
    {
      name: 'only-app-composes',
      severity: 'error',
      from: { path: `${server}(http|jobs|services)/` },
      to: { path: `${server}(app|main)\\.ts` },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node'], extensions: ['.ts', '.tsx', '.js'] },
  },
}
