package io.coral.decode;

import io.coral.protocol.Call;
import io.coral.protocol.DetectingParser;
import io.coral.protocol.Direction;
import io.coral.protocol.Origin;
import io.coral.protocol.Protocols;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes calls of a capture file. Holds at most 65,536 connections; of more, the one that was
/// silent longest ends. One thread.
public final class Decoder {
  private static final int MOST_CONNECTIONS = 65_536;

  private final Protocols protocols = Protocols.all();
  private final List<Decoded> decoded = new ArrayList<>();
  private final Map<Key, Connection> connections =
      new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Connection> eldest) {
          boolean tooMany = size() > MOST_CONNECTIONS;
          if (tooMany) {
            eldest.getValue().end();
          }
          return tooMany;
        }
      };
  private long packets;
  private long others;
  private long unknownConnections;
  private long encryptedConnections;
  private boolean isCut;

  /// A call and its ends.
  public record Decoded(Call call, InetSocketAddress client, InetSocketAddress server) {}

  private record Key(boolean isTcp, InetSocketAddress one, InetSocketAddress other) {
    static Key of(Headers headers) {
      boolean inOrder = compare(headers.from(), headers.to()) <= 0;
      return new Key(
          headers.isTcp(),
          inOrder ? headers.from() : headers.to(),
          inOrder ? headers.to() : headers.from());
    }

    private static int compare(InetSocketAddress one, InetSocketAddress other) {
      int ports = Integer.compare(one.getPort(), other.getPort());
      return ports != 0
          ? ports
          : one.getAddress().getHostAddress().compareTo(other.getAddress().getHostAddress());
    }
  }

  private final class Connection {
    final InetSocketAddress client;
    final InetSocketAddress server;
    final DetectingParser parser;
    final TcpStream requests = new TcpStream(listener(Direction.REQUEST));
    final TcpStream responses = new TcpStream(listener(Direction.RESPONSE));
    final boolean isTcp;
    long bytes;
    long calls;
    long lastNanos;
    boolean looksEncrypted;
    boolean ended;

    Connection(Headers first) {
      // Who answers a SYN, or has the lower port, serves.
      boolean fromClient =
          (first.flags() & Headers.SYN) != 0
              ? (first.flags() & Headers.ACK) == 0
              : first.from().getPort() >= first.to().getPort();
      this.client = fromClient ? first.from() : first.to();
      this.server = fromClient ? first.to() : first.from();
      this.isTcp = first.isTcp();
      this.parser = protocols.parser(!isTcp);
    }

    private TcpStream.Listener listener(Direction direction) {
      return (time, position, total, captured) -> take(direction, time, position, total, captured);
    }

    private void take(Direction direction, long time, long position, long total, byte[] captured) {
      bytes += total;
      looksEncrypted |=
          captured.length > 2 && (captured[0] == 0x16 || captured[0] == 0x17) && captured[1] == 3;
      parser.offer(direction, Origin.at(time), position, total, captured);
      collect();
    }

    void packet(Headers headers, long time) {
      lastNanos = time;
      boolean fromClient = headers.from().equals(client);
      if (!isTcp) {
        take(
            fromClient ? Direction.REQUEST : Direction.RESPONSE,
            time,
            bytes,
            headers.payloadBytes(),
            headers.payload());
        return;
      }
      TcpStream stream = fromClient ? requests : responses;
      if ((headers.flags() & Headers.SYN) != 0) {
        stream.begin(headers.sequence());
      }
      stream.segment(time, headers.sequence(), headers.payloadBytes(), headers.payload());
    }

    private void collect() {
      for (Call call : parser.drain()) {
        calls++;
        decoded.add(new Decoded(call, client, server));
      }
    }

    void end() {
      if (ended) {
        return;
      }
      ended = true;
      requests.end();
      responses.end();
      parser.close(lastNanos);
      collect();
      if (bytes > 0 && calls == 0) {
        if (looksEncrypted || !parser.opaque().isEmpty()) {
          encryptedConnections++;
        } else if (parser.protocol() == null) {
          unknownConnections++;
        }
      }
    }
  }

  /// Reads a capture to its end.
  ///
  /// @throws IOException when it cannot be read, or is none
  public void read(InputStream stream) throws IOException {
    CaptureReader reader = new CaptureReader(stream);
    for (CaptureReader.Packet packet = reader.next(); packet != null; packet = reader.next()) {
      packets++;
      Headers headers = Headers.of(packet);
      if (headers == null) {
        others++;
        continue;
      }
      Key key = Key.of(headers);
      boolean begins =
          headers.isTcp()
              && (headers.flags() & (Headers.SYN | Headers.ACK)) == Headers.SYN
              && isOver(connections.get(key));
      if (begins) {
        Connection before = connections.remove(key);
        if (before != null) {
          before.end();
        }
      }
      connections
          .computeIfAbsent(key, _ -> new Connection(headers))
          .packet(headers, packet.timeNanos());
    }
    isCut = reader.isCut();
    connections.values().forEach(Connection::end);
    connections.clear();
  }

  /// Whether a SYN begins another connection between the same ends, and does not come again.
  private static boolean isOver(@Nullable Connection connection) {
    return connection != null && connection.bytes > 0;
  }

  /// Calls in the order of their beginnings.
  public List<Decoded> decoded() {
    return decoded.stream()
        .sorted((a, b) -> Long.compare(a.call.begun().timeNanos(), b.call.begun().timeNanos()))
        .toList();
  }

  /// What was not decoded, each a sentence.
  public List<String> notDecoded() {
    List<String> sentences = new ArrayList<>();
    if (isCut) {
      sentences.add("the file ends in the middle of a packet");
    }
    if (encryptedConnections > 0) {
      sentences.add(encryptedConnections + " connections are encrypted or compressed");
    }
    if (unknownConnections > 0) {
      sentences.add(unknownConnections + " connections speak no protocol that is known");
    }
    if (others > 0) {
      sentences.add(others + " of " + packets + " packets carry neither TCP nor UDP");
    }
    return sentences;
  }
}
