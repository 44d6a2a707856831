package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.coral.decode.Decoder;
import io.coral.protocol.Call;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "decode",
    description = "Show the requests in a capture file, as an agent would see them.")
final class DecodeCommand implements Callable<Integer> {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS");
  private static final int LONGEST_TARGET = 80;

  private final CliContext context;

  @Parameters(paramLabel = "FILE", description = "pcap or pcapng, of tcpdump or Wireshark")
  Path file = Path.of("");

  @Option(
      names = {"-o", "--output"},
      description = "table or json (default: table)")
  OutputFormat format = OutputFormat.TABLE;

  DecodeCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Decoder decoder = new Decoder();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      decoder.read(in);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.FAILURE,
          "the capture cannot be read",
          file + ": " + (e.getMessage() == null ? e : e.getMessage()),
          "tcpdump -w FILE writes one");
    }
    List<Decoder.Decoded> calls = decoder.decoded();
    Console console = context.console();
    if (format == OutputFormat.JSON) {
      JsonArray array = new JsonArray();
      calls.forEach(each -> array.add(json(each)));
      console.text(array + "\n");
    } else {
      console.text(table(calls));
    }
    decoder.notDecoded().forEach(sentence -> console.progress("! " + sentence));
    return calls.isEmpty() ? ExitCode.NO_DATA : ExitCode.OK;
  }

  private String table(List<Decoder.Decoded> calls) {
    ZoneId zone = context.clock().getZone();
    TextTable table =
        TextTable.of(
            "Start", "Client", "Server", "Protocol", "Operation", "Target", "Status", "Duration");
    for (Decoder.Decoded each : calls) {
      Call call = each.call();
      table.add(
          TIME.format(instant(call).atZone(zone)),
          address(each.client()),
          address(each.server()),
          call.protocol(),
          call.operation(),
          call.target().length() > LONGEST_TARGET
              ? call.target().substring(0, LONGEST_TARGET - 1) + "…"
              : call.target(),
          status(call),
          String.format(Locale.ROOT, "%.3f ms", millis(call)));
    }
    return table.text();
  }

  private static String status(Call call) {
    String status = call.status().isEmpty() ? "?" : call.status();
    return call.aborted()
        ? status + " aborted"
        : call.incomplete() ? status + " incomplete" : status;
  }

  private static Instant instant(Call call) {
    return Instant.ofEpochSecond(0, call.begun().timeNanos());
  }

  private static double millis(Call call) {
    return Math.max(0, call.lastByteNanos() - call.begun().timeNanos()) / 1e6;
  }

  private static String address(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
  }

  private static JsonObject json(Decoder.Decoded each) {
    Call call = each.call();
    JsonObject json = new JsonObject();
    json.addProperty("protocol", call.protocol());
    json.addProperty("operation", call.operation());
    json.addProperty("target", call.target());
    json.addProperty("status", call.status());
    json.addProperty("outcome", call.outcome().name().toLowerCase(Locale.ROOT));
    json.addProperty("start", instant(call).toString());
    json.addProperty("duration_ms", millis(call));
    json.addProperty("client", address(each.client()));
    json.addProperty("server", address(each.server()));
    json.addProperty("request_bytes", call.requestBytes());
    json.addProperty("response_bytes", call.responseBytes());
    json.addProperty("incomplete", call.incomplete());
    json.addProperty("aborted", call.aborted());
    JsonObject attributes = new JsonObject();
    call.attributes().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(entry -> attributes.addProperty(entry.getKey(), entry.getValue()));
    json.add("attributes", attributes);
    return json;
  }
}
