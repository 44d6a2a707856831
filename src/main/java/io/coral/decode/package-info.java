/// Capture files (pcap, pcapng) read by the parsers that the agent uses.
///
/// [io.coral.decode.CaptureReader] gives packets, [io.coral.decode.Headers] finds what they carry,
/// [io.coral.decode.TcpStream] puts one direction in order, [io.coral.decode.Decoder] makes calls
/// of all of it.
@NullMarked
package io.coral.decode;

import org.jspecify.annotations.NullMarked;
