/// PostgreSQL's protocol, version 3, also as CockroachDB, YugabyteDB, Redshift and PgBouncer speak
/// it.
///
/// [io.coral.protocol.postgres.PostgresParser] pairs statements and results.
@NullMarked
package io.coral.protocol.postgres;

import org.jspecify.annotations.NullMarked;
