// One service of a chain, an event loop: LETTER HOST:PORT [NEXT_LETTER NEXT_HOST:PORT].
const http = require('http');
const [letter, address, nextLetter, next] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });

http
  .createServer((request, response) => {
    const done = () => {
      response.setHeader('Content-Length', 3);
      response.end('ok\n');
    };
    if (!next) return done();
    const number = request.url.slice(request.url.lastIndexOf('/') + 1);
    setTimeout(() => {
      http.get(`http://${next}/${nextLetter}/${number}`, { agent }, (answer) => {
        answer.resume();
        answer.on('end', done);
      });
    }, Math.random() * 3);
  })
  .listen(Number(address.split(':')[1]), address.split(':')[0]);
