/** Label on networks that we create: the name alone could belong to another program's network by now. */
export const ownLabel = { key: 'mustredirect', value: 'created' } as const;

/** Tells from labels whether we created a network. */
export function ownership(labels: Readonly<Record<string, string>> | null | undefined): { ours?: true } {
  return labels?.[ownLabel.key] === ownLabel.value ? { ours: true } : {};
}
