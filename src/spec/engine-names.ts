/** All engines of the format: `src/engines` has to have each of them, the type checker sees to it. */
export const engineNames = ['podman', 'docker', 'nerdctl', 'cni', 'external'] as const;
