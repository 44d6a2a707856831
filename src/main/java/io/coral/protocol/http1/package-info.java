/// HTTP/1.0 and 1.1 (RFC 9112).
///
/// [io.coral.protocol.http1.Http1Head] reads heads out of captured prefixes;
/// [io.coral.protocol.http1.Http1Framing] tells from the beginning and the end of a response
/// whether it is complete; [io.coral.protocol.http1.Http1Connection] pairs both directions of a
/// connection that the kernel could not pair. All are owned by one thread.
@NullMarked
package io.coral.protocol.http1;

import org.jspecify.annotations.NullMarked;
