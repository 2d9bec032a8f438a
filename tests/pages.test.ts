/** Files, links and translations in the pages. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { parseSpec } from '../src/spec/parse.ts';
import { blocksOf, pagePaths, read } from './pages/pages.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

describe('every whole file in the pages', () => {
  const files = pagePaths.flatMap((path) =>
    blocksOf(read(path))
      .filter(({ language, text }) => language === 'yaml' && text.startsWith('version: 1\n'))
      .map(({ text }) => [path, text] as const),
  );
  it.each(files)('is valid: %s', (_, text) => {
    expect(parseSpec(text)).toMatchObject({ kind: 'spec' });
  });
});

describe('every link in the pages', () => {
  it.each(pagePaths)('is valid: %s', (path) => {
    const broken = linksOf(read(path)).filter((link) => !leadsSomewhere(path, link));
    expect(broken).toEqual([]);
  });
});

function linksOf(page: string): string[] {
  const [, ...links] = page.split(/\]\((?!https?:)/);
  return links.map((text) => text.slice(0, text.indexOf(')')));
}

function leadsSomewhere(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : join(dirname(from), path);
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || headingsOf(read(target)).map(anchorOf).includes(anchor);
}

function headingsOf(page: string): string[] {
  return [...page.replaceAll(/^```.*?^```/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title);
}

/** Anchor as GitHub generates it. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

describe('README.zh-CN.md', () => {
  const english = read('README.md');
  const chinese = read('README.zh-CN.md');

  it('has the same commands and files, with translated comments', () => {
    expect(codeOf(chinese)).toEqual(codeOf(english));
    expect(codeOf(english).length).toBeGreaterThan(5);
  });

  it('names the same commands, options, keys and paths', () => {
    expect(namesOf(chinese)).toEqual(namesOf(english));
  });

  it('has the same figures', () => {
    expect(figuresOf(chinese)).toEqual(figuresOf(english));
  });

  it('links to the same pages', () => {
    const targets = (page: string) =>
      linksOf(page)
        .filter((link) => !link.startsWith('README'))
        .sort();
    expect(targets(chinese)).toEqual(targets(english));
  });

  it('has the same sections', () => {
    expect(headingsOf(chinese).length).toBe(headingsOf(english).length);
  });
});

/** Code blocks without drawings, which contain words. */
function codeOf(page: string): string[] {
  return blocksOf(page)
    .filter(({ language }) => language !== 'text')
    .map(({ text }) => text.replaceAll(/ +#.*/g, ''));
}

function namesOf(page: string): string[] {
  const names = [...withoutBlocks(page).matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
  return [...new Set(names)].sort();
}

function figuresOf(page: string): string[] {
  return (withoutBlocks(page).match(/\d[\d.]*\d|\d/g) ?? []).sort();
}

function withoutBlocks(page: string): string {
  return page.replaceAll(/^```.*?^```/gms, '');
}

describe('the pages about Compose and Quadlet', () => {
  it('use the network of their mustredirect file: Compose', () => {
    const [spec = '', compose = ''] = yamlOf('docs/guides/compose.md');
    const { networks, services } = composeSchema.parse(parseYaml(compose));
    expect(networkNames(spec)).toEqual(['web']);
    expect(networks).toEqual({ web: { external: true, name: 'web' } });
    expect(services['web']?.networks).toEqual(['web']);
  });

  it('use the network of their mustredirect file: Quadlet', () => {
    const path = 'docs/guides/quadlet.md';
    const [spec = ''] = yamlOf(path);
    const units = blocksOf(read(path)).filter(({ language }) => language === 'ini');
    const [container = '', network = ''] = units.map(({ text }) => text);
    expect(networkNames(spec)).toEqual(['web']);
    expect(container).toMatch(/^Network=web$/m);
    expect(network).toMatch(/^NetworkName=web\nSubnet=10\.89\.4\.0\/24$/m);
    expect(spec).toContain('node1: 10.89.4.0/24');
  });
});

const composeSchema = z.object({
  services: z.record(z.string(), z.object({ networks: z.array(z.string()) })),
  networks: z.record(z.string(), z.unknown()),
});

function yamlOf(path: string): string[] {
  return blocksOf(read(path))
    .filter(({ language }) => language === 'yaml')
    .map(({ text }) => text);
}

function networkNames(text: string): string[] {
  const parsed = parseSpec(text);
  return parsed.kind === 'spec' ? Object.keys(parsed.spec.networks) : [];
}
