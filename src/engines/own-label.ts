import type { NetworkLabel } from './engine.ts';

/** Label on networks that we create: the name alone could belong to another program's network by now. */
export const ownLabel = { key: 'mustredirect', value: 'created' } as const;

/** Engines whose networks have labels. */
export const labellingEngines = ['podman', 'docker', 'nerdctl'] as const;

/** Tells from labels whether we created a network. */
export function ownership(labels: Readonly<Record<string, string>> | null | undefined): { ours?: true } {
  return labels?.[ownLabel.key] === ownLabel.value ? { ours: true } : {};
}

/** The value of a label, for a list of networks. */
export function labelOf(
  name: string,
  labels: Readonly<Record<string, string>> | null | undefined,
  label: string,
): NetworkLabel[] {
  const value = labels && Object.hasOwn(labels, label) ? labels[label] : undefined;
  return value === undefined ? [] : [{ name, value }];
}
