// The least that any gate must do: connect, read the history, say goodbye, exec. With the same libpq.
#include <libpq-fe.h>
#include <unistd.h>

#include <cstdio>

int main(int count, char** arguments) {
  if (count < 3) return 64;
  PGconn* connection = PQconnectdb(arguments[1]);
  PGresult* result =
      PQexec(connection, "SELECT id, migration_name, checksum FROM _prisma_migrations ORDER BY started_at");
  if (PQresultStatus(result) != PGRES_TUPLES_OK) {
    std::fputs(PQerrorMessage(connection), stderr);
    return 1;
  }
  PQclear(result);
  PQfinish(connection);
  execvp(arguments[2], arguments + 2);
  return 127;
}
