package io.coral.storage;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/// The history of a colony's node as one zip file: its databases with their write-ahead logs as
/// they are on disk, and `SHA256SUMS`, which `sha256sum -c` reads.
public final class Backup {
  /// A file in a restored directory that says where it came from: what the node finds itself
  /// from then on is numbered anew.
  static final String RESTORED = "restored";

  private static final String SUMS = "SHA256SUMS";
  private static final String FILE_NAME =
      "[a-z_]+(-\\d{4}-\\d{2}-\\d{2}(\\.sealed)?)?\\.(duckdb(\\.wal)?|parquet)";
  private static final Pattern SUM = Pattern.compile("([0-9a-f]{64})  (" + FILE_NAME + ")");

  private Backup() {}

  /// Writes one. Nobody may write to the databases meanwhile. Blocks.
  ///
  /// @param directory of the databases
  /// @param zip must not exist
  static void write(Path directory, Path zip) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(directory)) {
      files =
          all.filter(file -> file.getFileName().toString().matches(FILE_NAME)).sorted().toList();
    }
    Map<String, String> sums = new LinkedHashMap<>();
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
      out.setLevel(Deflater.BEST_SPEED);
      for (Path file : files) {
        String name = file.getFileName().toString();
        out.putNextEntry(new ZipEntry(name));
        try (InputStream in = Files.newInputStream(file)) {
          sums.put(name, copy(in, out));
        }
        out.closeEntry();
      }
      out.putNextEntry(new ZipEntry(SUMS));
      out.write(
          sums.entrySet().stream()
              .map(each -> each.getValue() + "  " + each.getKey() + "\n")
              .collect(Collectors.joining())
              .getBytes(StandardCharsets.UTF_8));
      out.closeEntry();
    }
  }

  /// The SHA-256 of a file, hexadecimal. Blocks.
  static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return copy(in, OutputStream.nullOutputStream());
    }
  }

  private static String copy(InputStream from, OutputStream to) throws IOException {
    try {
      DigestInputStream in = new DigestInputStream(from, MessageDigest.getInstance("SHA-256"));
      in.transferTo(to);
      return HexFormat.of().formatHex(in.getMessageDigest().digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /// Makes the directory of a node from a backup, wholly or not at all. Blocks.
  ///
  /// @param directory must be empty or not there
  /// @return how many files there were
  /// @throws IOException in words for the user, when the backup is not whole or the directory is in
  ///     use
  public static int restore(Path zip, Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        if (files.findAny().isPresent()) {
          throw new IOException(directory + " has data already");
        }
      }
    }
    Path parent = directory.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IOException(directory + " cannot be made anew");
    }
    Files.createDirectories(parent);
    Path unpacked = Files.createTempDirectory(parent, "import-");
    try (ZipFile in = new ZipFile(zip.toFile())) {
      Map<String, String> sums = sums(in);
      for (Map.Entry<String, String> each : sums.entrySet()) {
        unpack(in, each.getKey(), each.getValue(), unpacked);
      }
      Files.writeString(unpacked.resolve(RESTORED), zip.getFileName() + "\n");
      Files.deleteIfExists(directory);
      Files.move(unpacked, directory, StandardCopyOption.ATOMIC_MOVE);
      return sums.size();
    } finally {
      delete(unpacked);
    }
  }

  private static Map<String, String> sums(ZipFile in) throws IOException {
    ZipEntry entry = in.getEntry(SUMS);
    if (entry == null) {
      throw new IOException(in.getName() + " is no backup of a colony, or not all of one");
    }
    Map<String, String> sums = new LinkedHashMap<>();
    try (InputStream content = in.getInputStream(entry)) {
      for (String line :
          new String(content.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
        Matcher sum = SUM.matcher(line);
        if (!sum.matches()) {
          throw new IOException(in.getName() + " names a file that is none of a colony: " + line);
        }
        sums.put(sum.group(2), sum.group(1));
      }
    }
    return sums;
  }

  private static void unpack(ZipFile in, String name, String sum, Path into) throws IOException {
    ZipEntry entry = in.getEntry(name);
    if (entry == null) {
      throw new IOException(in.getName() + " lacks " + name);
    }
    try (InputStream content = new BufferedInputStream(in.getInputStream(entry));
        OutputStream out = Files.newOutputStream(into.resolve(name))) {
      if (!copy(content, out).equals(sum)) {
        throw new IOException(name + " in " + in.getName() + " is damaged");
      }
    }
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
