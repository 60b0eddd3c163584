import { createServer } from 'node:http';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 5 });
pool.on('error', (error) => console.error(`idle connection: ${error.message}`));

const routes = {
  async 'GET /health'() {
    await pool.query('SELECT 1');
    return [200, { status: 'ok' }];
  },

  async 'GET /users'() {
    const { rows } = await pool.query(
      'SELECT id, email, display_name, created_at FROM users ORDER BY id LIMIT 100');
    return [200, rows];
  },

  async 'POST /users'(request) {
    const { email, displayName } = await readJson(request);
    if (typeof email !== 'string' || !email.includes('@')) return [400, { error: 'email is required' }];
    const { rows } = await pool.query(
      `WITH created AS (
         INSERT INTO users (email, display_name) VALUES ($1, coalesce($2, split_part($1, '@', 1)))
         RETURNING id, email, display_name, created_at
       ), logged AS (
         INSERT INTO log_entries (message, user_id, details)
         SELECT 'user created', id, jsonb_build_object('email', email) FROM created
       )
       SELECT * FROM created`, [email, displayName]);
    return [201, rows[0]];
  },

  async 'GET /logs'() {
    const { rows } = await pool.query(
      'SELECT id, level, message, user_id, details, created_at FROM log_entries ORDER BY id DESC LIMIT 100');
    return [200, rows];
  },
};

class BadRequest extends Error {}

async function readJson(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 64 * 1024) throw new BadRequest('body too large');
  }
  try {
    return JSON.parse(text) ?? {};
  } catch {
    throw new BadRequest('body is not JSON');
  }
}

async function answer(request) {
  const route = routes[`${request.method} ${request.url.split('?')[0]}`];
  if (!route) return [404, { error: 'not found' }];
  try {
    return await route(request);
  } catch (error) {
    if (error instanceof BadRequest) return [400, { error: error.message }];
    if (error.code === '23505') return [409, { error: 'this email is taken' }];
    console.error(error);
    return [500, { error: 'internal error' }];
  }
}

const server = createServer(async (request, response) => {
  const [status, body] = await answer(request);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body) + '\n');
});

// PID 1 has no default action for SIGTERM: without a handler, `docker stop` waits and then kills.
function stop(signal) {
  console.log(`${signal}: closing`);
  server.close(async () => {
    await pool.end();
    process.exit(0);
  });
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), 2000).unref();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

server.listen(process.env.PORT ?? 3000, () => console.log(`listening on ${server.address().port}`));
