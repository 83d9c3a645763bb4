// The least a process can do with a request. What takes long here takes long for everybody on this machine.
import http from 'node:http';

const server = http.createServer((_req, res) => res.end('{}'));
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit(0));
