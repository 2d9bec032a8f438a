/** Output of `ip`, `nft` and `conntrack` for many networks. */
import type { Exec } from '../../src/host/ports.ts';
import { subnetAt } from './given.ts';

export function answering(stdout: string): Exec {
  return { run: () => Promise.resolve({ exitCode: 0, stdout, stderr: '' }) };
}

export function lines(size: number, line: (subnet: string, i: number) => string, between = '\n'): string {
  return Array.from({ length: size }, (_, i) => line(subnetAt(i), i)).join(between);
}

export function ruleJson(from: string): string {
  const [src, length] = from.split('/');
  return `{"priority":4100,"src":"${src}","srclen":${length},"table":"2184","protocol":"136"}`;
}

export function routeJson(dst: string, i: number): string {
  const protocol = i % 2 === 0 ? '136' : '188';
  return `{"dst":"${dst}","gateway":"192.168.50.20","dev":"eth0","protocol":"${protocol}","metric":4000,"flags":[]}`;
}

export function policyText(from: string): string {
  return `src ${from} dst 0.0.0.0/0 \n\tdir fwd action block priority 137 ptype main `;
}

export function flowText(from: string): string {
  const source = from.replace('.0/24', '.7');
  return `udp      17 29 src=${source} dst=192.0.2.1 sport=1 dport=2 src=192.0.2.1 dst=${source} sport=2 dport=1`;
}

export function tableJson(size: number): string {
  const elements = lines(
    size,
    (subnet) =>
      `{"elem":{"val":{"prefix":{"addr":"${subnet.split('/')[0]}","len":24}},"counter":{"packets":0,"bytes":0}}}`,
    ',',
  );
  const set = {
    family: 'inet',
    name: 'served4',
    table: 'mustredirect',
    type: 'ipv4_addr',
    flags: ['interval'],
  };
  const counted = JSON.stringify({ set: { ...set, stmt: [{ counter: null }], elem: [] } });
  const chain = JSON.stringify({ chain: { family: 'inet', table: 'mustredirect', name: 'guard' } });
  const rule = JSON.stringify({ rule: { chain: 'guard', expr: [{ drop: null }] } });
  return `{"nftables":[${counted.replace('"elem":[]', `"elem":[${elements}]`)},${chain},${rule}]}`;
}
