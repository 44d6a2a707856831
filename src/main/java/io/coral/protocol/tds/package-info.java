/// SQL Server's protocol (TDS 7): batches, and procedures that run statements.
@NullMarked
package io.coral.protocol.tds;

import org.jspecify.annotations.NullMarked;
