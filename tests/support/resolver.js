// A DNS server for tests of name resolution (RFC 1035): ADDRESS to listen on, then the records NAME/A=ADDRESS, NAME/AAAA=ADDRESS
// and NAME/SERVFAIL= that it has, of which no other name exists. Without any it answers every question for an A record with
// 127.0.0.1. Says each question, and first that it listens.
const [address, ...given] = process.argv.slice(2);
const records = given.map((text) => text.split(/[/=]/));
const types = { 1: 'A', 28: 'AAAA' };

function rest(name, type) {
  if (given.length === 0) return { rcode: 0, found: type === 'A' ? ['127.0.0.1'] : [] };
  const own = records.filter((record) => record[0] === name);
  if (own.some((record) => record[1] === 'SERVFAIL')) return { rcode: 2, found: [] };
  return { rcode: own.length === 0 ? 3 : 0, found: own.filter((record) => record[1] === type).map((record) => record[2]) };
}

function bytes(text) {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const [head, tail] = text.split('::').map((part) => part.split(':').filter((word) => word !== ''));
  const words = [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
  return Buffer.concat(words.map((word) => Buffer.from(word.padStart(4, '0'), 'hex')));
}

const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (question, peer) => {
  const labels = [];
  let end = 12;
  for (; question[end] !== 0; end += question[end] + 1) labels.push(question.toString('latin1', end + 1, end + 1 + question[end]));
  const asked = question.subarray(12, end + 5);
  const type = types[asked.readUInt16BE(asked.length - 4)];
  const { rcode, found } = rest(labels.join('.'), type);
  console.log(labels.join('.'), type);
  const head = Buffer.from([question[0], question[1], 0x84, rcode, 0, 1, 0, found.length, 0, 0, 0, 0]);
  const answers = found.map((text) => {
    const data = bytes(text);
    return Buffer.concat([Buffer.from([0xc0, 12, 0, data.length === 4 ? 1 : 28, 0, 1, 0, 0, 0, 1, 0, data.length]), data]);
  });
  socket.send(Buffer.concat([head, asked, ...answers]), peer.port, peer.address);
});
socket.bind(53, address, () => console.log('listening'));
