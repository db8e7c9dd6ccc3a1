package org.dcmigrate.conformance;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import picocli.CommandLine.Option;

/** The options that say which guest the tester pretends to move. */
final class GuestOptions {
  @Option(
      names = "--guest-kind",
      paramLabel = "KIND",
      description =
          "Kind of the guest, for targets that take no synthetic one; with the options below.")
  Optional<String> kind = Optional.empty();

  @Option(
      names = "--guest-property",
      paramLabel = "KEY=VALUE",
      description = "A property of the guest; may be repeated.")
  Map<String, String> properties = new LinkedHashMap<>();

  @Option(
      names = "--guest-block",
      paramLabel = "NAME=BYTES",
      description = "A RAM block of the guest, in order; the first one of at least 2129920 bytes.")
  Map<String, Long> blocks = new LinkedHashMap<>();

  @Option(
      names = "--guest-state",
      paramLabel = "HEX",
      description = "Device state that a target of this kind loads.")
  String state = "";

  /** Whether any of these options is given. */
  boolean isGiven() {
    return kind.isPresent() || !properties.isEmpty() || !blocks.isEmpty() || !state.isEmpty();
  }

  TestGuest guest() throws DcmException {
    if (kind.isEmpty()) {
      if (!properties.isEmpty() || !blocks.isEmpty() || !state.isEmpty()) {
        throw new DcmException(
            Reason.FIELD_INVALID, "the options for the guest need --guest-kind as well");
      }
      return TestGuest.synthetic();
    }
    List<RamBlock> ram = new ArrayList<>();
    blocks.forEach((name, bytes) -> ram.add(new RamBlock(name, bytes)));
    try {
      return TestGuest.of(kind.get(), properties, ram, HexFormat.of().parseHex(state));
    } catch (IllegalArgumentException malformed) {
      throw new DcmException(
          Reason.FIELD_INVALID, "--guest-state must be hexadecimal digits, in pairs", malformed);
    }
  }
}
