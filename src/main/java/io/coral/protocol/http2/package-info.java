/// HTTP/2 (RFC 9113) and gRPC on it.
///
/// [io.coral.protocol.http2.Http2Parser] pairs streams; [io.coral.protocol.http2.HeaderTable] reads
/// header blocks (RFC 7541), also of connections that are older than the capture: what refers to
/// headers that were not seen is unknown, and never another.
@NullMarked
package io.coral.protocol.http2;

import org.jspecify.annotations.NullMarked;
