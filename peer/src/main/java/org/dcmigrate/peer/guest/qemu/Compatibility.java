package org.dcmigrate.peer.guest.qemu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** Compares a QEMU that waits for a guest with what its source said of the guest. */
final class Compatibility {
  private Compatibility() {}

  /**
   * Checks what the source said by itself, before any QEMU is started for it.
   *
   * @return the stream's set-up, read from the preamble
   * @throws DcmException FIELD_INVALID or GUEST_UNSUPPORTED
   */
  static StreamRecord.Setup checkMetadata(GuestMetadata metadata) throws DcmException {
    byte[] preamble = metadata.preamble();
    StreamWindow window = new StreamWindow(MemorySegment.ofArray(new byte[preamble.length + 1]));
    window.fill(preamble, 0);
    if (!(new StreamParser().next(window) instanceof StreamRecord.Setup setup)
        || window.available() > 0) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "preamble must be the start of QEMU's stream, up to the RAM blocks");
    }
    if (!setup.geometry().equals(metadata.geometry())) {
      throw new DcmException(
          Reason.FIELD_INVALID, "preamble and geometry must name the same RAM blocks");
    }
    return setup;
  }

  /**
   * Checks that a QEMU is made of the same things.
   *
   * @throws DcmException GUEST_INCOMPATIBLE with the first difference
   */
  static void check(GuestFacts facts, GuestMetadata metadata) throws DcmException {
    Map<String, String> wanted = metadata.properties();
    checkVersion(facts.version(), wanted.getOrDefault(GuestFacts.VERSION, ""));
    same("machine type", wanted, GuestFacts.MACHINE, facts.machine(), "-machine");
    same("CPUs", wanted, GuestFacts.CPUS, facts.cpuType(), "-cpu and -smp");
    checkBlocks(facts, metadata);
    same("PCI devices", wanted, GuestFacts.PCI, facts.pciDevices(), "-device options");
    same("CPU features", wanted, GuestFacts.CPU_FEATURES, facts.cpuFeatures(), "-cpu and -accel");
  }

  private static void checkVersion(int version, String wanted) throws DcmException {
    String[] parts = wanted.split("\\.", 3);
    try {
      if (version >= Integer.parseInt(parts[0]) * 1000 + Integer.parseInt(parts[1])) {
        return;
      }
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException malformed) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "property qemu.version must be like 7.2, but was " + Text.quote(wanted),
          malformed);
    }
    throw incompatible(
        "QEMU must have version %s of the source or later, but has %d.%d; upgrade it"
            .formatted(wanted, version / 1000, version % 1000));
  }

  private static void same(
      String what, Map<String, String> wanted, String key, String found, String remedy)
      throws DcmException {
    String expected = wanted.getOrDefault(key, "");
    if (expected.equals(found)) {
      return;
    }
    List<String> left = List.of(expected.split(" "));
    List<String> right = List.of(found.split(" "));
    String missing = first(left, right).orElse("nothing else");
    String surplus = first(right, left).orElse("nothing else");
    boolean one = left.size() == 1 || key.equals(GuestFacts.CPUS);
    throw incompatible(
        "%s of the two QEMUs differ: expected %s, but found %s; give both the same %s"
            .formatted(
                what,
                Text.quote(one ? expected : missing),
                Text.quote(one ? found : surplus),
                remedy));
  }

  private static Optional<String> first(List<String> these, List<String> those) {
    return these.stream().filter(one -> !those.contains(one)).findFirst();
  }

  private static void checkBlocks(GuestFacts facts, GuestMetadata metadata) throws DcmException {
    Map<String, GuestFacts.Block> found =
        facts.blocks().stream()
            .collect(Collectors.toMap(GuestFacts.Block::name, Function.identity(), (a, b) -> a));
    for (RamBlock block : metadata.geometry().blocks()) {
      GuestFacts.Block here = found.get(block.name());
      if (here == null) {
        throw incompatible(
            "RAM block %s is expected, but QEMU has %s; give both the same memory and devices"
                .formatted(
                    Text.quote(block.name()),
                    facts.blocks().stream().map(one -> Text.quote(one.name())).toList()));
      }
      boolean grows = here.mostBytes() > here.usedBytes();
      if (grows ? block.sizeBytes() > here.mostBytes() : block.sizeBytes() != here.usedBytes()) {
        throw incompatible(
            "RAM block %s must have %d bytes, but has %d; give both the same memory and devices"
                .formatted(Text.quote(block.name()), block.sizeBytes(), here.usedBytes()));
      }
    }
  }

  private static DcmException incompatible(String sentence) {
    return new DcmException(Reason.GUEST_INCOMPATIBLE, sentence);
  }
}
