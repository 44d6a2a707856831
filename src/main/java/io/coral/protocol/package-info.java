/// Bytes to messages. A protocol is one folder below this one; parsers know no socket, no clock and
/// no other protocol, and no input makes them throw, loop or grow without bound.
@NullMarked
package io.coral.protocol;

import org.jspecify.annotations.NullMarked;
