/// DNS (RFC 1035), over UDP and, with a length in front, over TCP.
@NullMarked
package io.coral.protocol.dns;

import org.jspecify.annotations.NullMarked;
