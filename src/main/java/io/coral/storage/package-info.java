/// DuckDB: what agents keep for an hour and colonies for weeks. The only package with SQL.
///
/// [io.coral.storage.AgentStore] keeps the streams of one host in one file with a table per ten
/// minutes; [io.coral.storage.ColonyStore] keeps those of many agents in a file per day and
/// stream. Both answer the same questions through [io.coral.storage.TelemetryQueries] and
/// [io.coral.storage.TraceQueries].
///
/// Writes happen on one thread per store, in transactions of the store's own; reads happen on any
/// other thread, each with a connection of its own. `schema/` among the resources holds the tables
/// and views.
@NullMarked
package io.coral.storage;

import org.jspecify.annotations.NullMarked;
