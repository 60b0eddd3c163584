// Makes the installed @prisma/adapter-pg speak to PostgreSQL as Prisma's native schema engine does. Usage: node patch.mjs FILE…
// Each edit must fit exactly once: another version of the adapter fails here, not in a test.
import { readFileSync, writeFileSync } from 'node:fs'

const edits = [
  {
    why: 'the engine reads catalog columns of type name (19), which the adapter refuses',
    from: '    case ScalarColumnType.BPCHAR:\n',
    to: '    case ScalarColumnType.BPCHAR:\n    case 19:\n',
  },
  {
    why: 'the native engine sends a script as one simple query; the adapter cuts it at every semicolon',
    // prisma-engines, schema-engine/connectors/sql-schema-connector/src/flavour/postgres/connector/native/mod.rs
    from: 'const statements = script.split(";").map((stmt) => stmt.trim()).filter((stmt) => stmt.length > 0);',
    to: 'const statements = [script];',
  },
  {
    why: 'some errors lose their SQLSTATE on the way to the terminal',
    from: '        await this.client.query(stmt);\n      } catch (error) {\n',
    to:
      '        await this.client.query(stmt);\n      } catch (error) {\n' +
      '        process.stderr.write(`SQLSTATE ${error.code}: ${error.message}\\n`);\n',
  },
  {
    why: 'the native engine sets search_path from ?schema= when it has connected',
    from: '    client.on("error", onIdleClientError);\n',
    to:
      '    client.on("error", onIdleClientError);\n' +
      '    if (this.options?.schema) {\n' +
      '      const path = `"${this.options.schema.replaceAll(\'"\', \'""\')}"`;\n' +
      '      client.on("connect", (session) => void session.query(`SET search_path = ${path}`));\n' +
      '    }\n',
  },
]

for (const file of process.argv.slice(2)) {
  let text = readFileSync(file, 'utf8')
  for (const { why, from, to } of edits) {
    if (text.split(from).length !== 2) {
      throw new Error(`${file}: no single place to patch for: ${why}`)
    }
    text = text.replace(from, () => to)
  }
  writeFileSync(file, text)
}
