// A DNS server that answers every question for an A record with 127.0.0.1 (RFC 1035), for a test of name resolution.
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (question, peer) => {
  let end = 12;
  while (question[end] !== 0) end += question[end] + 1;
  const asked = question.subarray(12, end + 5);
  const isA = asked.readUInt16BE(asked.length - 4) === 1;
  const head = Buffer.from([question[0], question[1], 0x84, 0, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]);
  socket.send(Buffer.concat(isA ? [head, asked, answer] : [head, asked]), peer.port, peer.address);
});
socket.bind(53, process.argv[2]);
