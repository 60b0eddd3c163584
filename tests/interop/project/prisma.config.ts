import { PrismaPg } from '@prisma/adapter-pg'
import { defineConfig } from 'prisma/config'

// The engine forgets its 10 s lock timer, which then holds the process. An open connection keeps node alive
// while the lock is really waited for, so the timer itself need not.
const setTimer = globalThis.setTimeout
globalThis.setTimeout = ((callback, delay, ...rest) => {
  const timer = setTimer(callback, delay, ...rest)
  return delay === 10_000 ? timer.unref() : timer
}) as typeof setTimeout

const url = process.env.DATABASE_URL!
const schema = new URL(url).searchParams.get('schema') ?? undefined

export default defineConfig({
  experimental: { adapter: true },
  engine: 'js',
  schema: 'schema.prisma',
  migrations: { path: process.env.MIGRATIONS_FOLDER! },
  // One connection: the advisory lock belongs to a session.
  adapter: async () => new PrismaPg({ connectionString: url, max: 1, allowExitOnIdle: true }, { schema }),
})
