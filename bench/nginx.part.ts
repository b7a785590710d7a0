import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../test/servers/ports.ts'

/** nginx as the limit: plain files, PUT by its DAV module without fsync, GET by sendfile. */
export interface Nginx extends AsyncDisposable {
  readonly url: URL
  readonly root: string
}

const config = (folder: string, port: number): string => `
daemon off; master_process on; worker_processes 2; pid ${folder}/pid; error_log ${folder}/error.log;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 64; }
http {
  access_log off; sendfile on; tcp_nopush on; client_max_body_size 0;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port}; root ${folder}/root; location / { dav_methods PUT DELETE; create_full_put_path on; } }
}
`

async function untilOpen(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const open = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false)
    socket.destroy()
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export async function startNginx(parent = tmpdir()): Promise<Nginx> {
  const folder = await mkdtemp(join(parent, 'nginx-bench-'))
  await chmod(folder, 0o755)
  await mkdir(join(folder, 'root'))
  const port = await freePort()
  await writeFile(join(folder, 'nginx.conf'), config(folder, port))
  const child: ChildProcess = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  })
  await untilOpen(port)
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    root: join(folder, 'root'),
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
      await rm(folder, { recursive: true, force: true })
    },
  }
}
