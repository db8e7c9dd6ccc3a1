// Starts one peer: node src/main.js CONFIG.json
import { readConfig } from './config.js';
import { Peer } from './peer.js';

const [path] = process.argv.slice(2);
if (!path) {
  console.error('Usage: npm start -- CONFIG.json');
  process.exit(2);
}
const config = readConfig(path);
const peer = new Peer(config);
const port = await peer.start();
console.log(`${config.name} listens on port ${port}.`);

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    peer.stop();
    process.exit(0);
  });
}
