package io.coral.agent.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Probe places of executables that are built here, with the symbols as the second opinion.
final class GoBinaryTest {
  private static final List<String> FUNCTIONS =
      List.of("net/http.(*persistConn).roundTrip", "net/http.(*Request).write");
  private static final String SOURCE =
      """
      package main

      import "net/http"

      func main() {
      	http.Get("http://127.0.0.1:1/")
      }
      """;

  @TempDir static Path directory;

  private static Path whole;
  private static Path stripped;

  @BeforeAll
  static void build() throws Exception {
    String go = compiler();
    assumeTrue(!go.isEmpty(), "no go on the PATH: nothing to look into");
    Files.writeString(directory.resolve("main.go"), SOURCE);
    Files.writeString(directory.resolve("go.mod"), "module client\n\ngo 1.21\n");
    whole = directory.resolve("whole");
    stripped = directory.resolve("stripped");
    run(go, "build", "-o", whole.toString(), ".");
    run(go, "build", "-ldflags=-s -w", "-o", stripped.toString(), ".");
  }

  private static String compiler() {
    for (String entry : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      Path program = Path.of(entry, "go");
      if (!entry.isEmpty() && Files.isExecutable(program)) {
        return program.toString();
      }
    }
    return "";
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Path output = Files.createTempFile(directory, "run", ".out");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().put("GOTOOLCHAIN", "local");
    builder.environment().put("GOPROXY", "off");
    builder.environment().put("CGO_ENABLED", "0");
    builder.environment().put("GOARCH", "amd64");
    Process process = builder.start();
    assertThat(process.waitFor(240, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(output)).isZero();
    return Files.readString(output);
  }

  @Test
  void probeOffsets_ofAnExecutableWithSymbols_lieBehindTheStackCheckOfTheseFunctions()
      throws Exception {
    List<Long> offsets = GoBinary.probeOffsets(whole, FUNCTIONS);
    assertThat(offsets).hasSize(2);
    String symbols = run(compiler(), "tool", "nm", whole.toString());
    try (ElfFile elf = ElfFile.open(whole)) {
      for (int i = 0; i < 2; i++) {
        String function = FUNCTIONS.get(i);
        long address =
            symbols
                .lines()
                .filter(line -> line.endsWith(" " + function))
                .mapToLong(line -> Long.parseLong(line.strip().split(" ", -1)[0], 16))
                .findFirst()
                .orElseThrow();
        ElfFile.Section text = Objects.requireNonNull(elf.section(".text"));
        long begin = text.offset() + (address - text.address());
        assertThat(offsets.get(i)).isBetween(begin + 6, begin + 18);
        assertThat(elf.read(offsets.get(i), 1).get(0)).isEqualTo((byte) 0x55);
      }
    }
  }

  @Test
  void probeOffsets_ofAStrippedExecutable_areFound() throws Exception {
    List<Long> offsets = GoBinary.probeOffsets(stripped, FUNCTIONS);
    assertThat(offsets).hasSize(2);
    try (ElfFile elf = ElfFile.open(stripped)) {
      for (long offset : offsets) {
        assertThat(elf.read(offset, 1).get(0)).isEqualTo((byte) 0x55);
      }
    }
  }

  @Test
  void probeOffsets_ofAFunctionThatIsNotThere_areNone() {
    assertThat(GoBinary.probeOffsets(whole, List.of("net/http.(*persistConn).round"))).isEmpty();
  }

  @Test
  void probeOffsets_ofOtherFiles_areNone() throws Exception {
    Path text = Files.writeString(directory.resolve("text"), "no executable\n");
    assertThat(GoBinary.probeOffsets(text, FUNCTIONS)).isEmpty();
    assertThat(GoBinary.probeOffsets(directory.resolve("absent"), FUNCTIONS)).isEmpty();
    assertThat(GoBinary.probeOffsets(Path.of("/proc/self/exe"), FUNCTIONS)).isEmpty();
  }

  @Test
  void probeOffsets_ofDamagedExecutables_neverThrow() throws Exception {
    byte[] good = Files.readAllBytes(stripped);
    ByteBuffer header = ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN);
    int sections = (int) header.getLong(40);
    int table;
    try (ElfFile elf = ElfFile.open(stripped)) {
      ElfFile.Section section = Objects.requireNonNull(elf.section(".gopclntab"));
      table = (int) section.offset();
    }
    Random random = new Random(1);
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      places.add(i);
      places.add(table + i);
      places.add(sections + random.nextInt(64 * 20));
    }
    Path damaged = directory.resolve("damaged");
    Files.write(damaged, good);
    try (var file = new RandomAccessFile(damaged.toFile(), "rw")) {
      for (int place : places) {
        file.seek(place);
        file.write((good[place] ^ (1 << random.nextInt(8))) | 0x80);
        assertThat(GoBinary.probeOffsets(damaged, FUNCTIONS)).hasSizeBetween(0, 2);
        file.seek(place);
        file.write(good[place]);
      }
      for (long length : new long[] {0, 63, 64, table, table + 40, sections, good.length - 1}) {
        file.setLength(length);
        assertThat(GoBinary.probeOffsets(damaged, FUNCTIONS)).hasSizeBetween(0, 2);
        file.setLength(0);
        file.seek(0);
        file.write(good);
      }
    }
  }
}
