package io.coral.agent.kernel;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// `libcoral.so`, see `src/main/c/shim/coral.h` for what each function does. About 50 ns a call;
/// the ring buffer is read without any.
final class CoralLibrary {
  private static final int ABI_VERSION = 3;

  private CoralLibrary() {}

  /// Loads the library from a directory that holds it and its neighbours. Loading twice is
  /// harmless.
  ///
  /// @throws KernelException when it is missing or of another version
  static void load(Path nativeDirectory) throws KernelException {
    try {
      Native.register(
          CoralLibrary.class,
          NativeLibrary.getInstance(nativeDirectory.resolve("libcoral.so").toString()));
      int version = coral_abi_version();
      if (version != ABI_VERSION) {
        throw new KernelException(
            "libcoral.so: version " + version + " (expected: " + ABI_VERSION + ")");
      }
    } catch (UnsatisfiedLinkError e) {
      throw new KernelException(
          "cannot load libcoral.so from " + nativeDirectory + ": " + e.getMessage());
    }
  }

  static native int coral_abi_version();

  static native int coral_open(
      String objectPath,
      int ringBytes,
      int maxConnections,
      PointerByReference out,
      byte[] error,
      int errorSize);

  static native int coral_attach(Pointer coral, byte[] error, int errorSize);

  static native int coral_detach(Pointer coral);

  static native int coral_target(
      Pointer coral, int tgid, int on, int goidOffset, int parentGoidOffset, int followExec);

  static native int coral_probe_go(
      Pointer coral, int tgid, NativeLong roundTripOffset, NativeLong requestWriteOffset);

  static native int coral_unprobe(Pointer coral, int tgid);

  static native int coral_is_target(Pointer coral, int tgid);

  static native int coral_ring(
      Pointer coral,
      PointerByReference consumerPosition,
      PointerByReference producerPosition,
      PointerByReference data,
      long[] size);

  static native int coral_flush(Pointer coral, long idleNanos);

  static native int coral_counters(Pointer coral, long[] out, int count);

  static native long coral_map_bytes(Pointer coral);

  static native int coral_btf_offset(String objectPath, String structure, @Nullable String member);

  static native int coral_has_tracepoint(String name);

  static native void coral_close(Pointer coral);
}
