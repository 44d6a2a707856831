/// MySQL's client/server protocol, also as MariaDB, Percona, TiDB and Aurora speak it.
///
/// [io.coral.protocol.mysql.MysqlParser] pairs commands and results;
/// [io.coral.protocol.mysql.ResultReader] knows where a result ends.
@NullMarked
package io.coral.protocol.mysql;

import org.jspecify.annotations.NullMarked;
