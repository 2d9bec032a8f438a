/** nginx, which answers each connection once and closes it. */
import { endingWithStdin } from '../../src/host/process/background.ts';
import type { Address } from '../../src/address/cidr.ts';
import type { TestHost } from '../../src/lab/test-host.ts';

export const webPort = 8080;

const configPath = '/run/lab/nginx.conf';

// Everything it writes is in the host's own /run, and goes with the host.
const configFor = (address: Address) => `
user root;
daemon off;
pid /run/lab/nginx.pid;
error_log /run/lab/nginx.log;
worker_processes 1;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_timeout 0;
  client_body_temp_path /run/lab/nginx-body;
  fastcgi_temp_path /run/lab/nginx-fastcgi;
  proxy_temp_path /run/lab/nginx-proxy;
  scgi_temp_path /run/lab/nginx-scgi;
  uwsgi_temp_path /run/lab/nginx-uwsgi;
  server {
    listen ${address}:${webPort} backlog=4096;
    location / { return 200 "hello"; }
  }
}
`;

export async function startWebServer(host: TestHost, address: Address): Promise<void> {
  await host.files.replace(configPath, configFor(address));
  await host.background.start(endingWithStdin(['nginx', '-e', '/run/lab/nginx.log', '-c', configPath]));
}
