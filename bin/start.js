// Says what is wrong with an old Node before the program itself is read, which an old Node cannot always do.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `mustredirect: Node.js ${process.versions.node} at ${process.execPath} is too old: install Node.js 20.19 or later`,
  );
  process.exit(1);
}
void import('../dist/main.js');
