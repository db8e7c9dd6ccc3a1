package org.dcmigrate.peer.guest.qemu;

import java.util.Map;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** Why a stream is refused, and what the operator can do. */
final class StreamRefusal {
  private StreamRefusal() {}

  /** What to do about a section that comes while the guest runs. */
  static String remedy(String section) {
    return switch (section) {
      case "dirty-bitmap" -> "switch the migration capability dirty-bitmaps off";
      case "block" -> "switch the migration capability block off";
      default -> "remove that device from the guest before you migrate it";
    };
  }

  /** A device that sends its state where it cannot be taken. */
  static DcmException full(StreamWindow in) {
    String name =
        in.available() >= 6 && in.available() >= 6L + in.u8(5) ? in.text(6, in.u8(5)) : "?";
    return of(
        "device %s sends its state before the memory; remove it from the guest (virtio-mem does so)"
            .formatted(Text.quote(name)));
  }

  /** A page in a form that is not taken. */
  static DcmException flags(int flags) {
    Map<Integer, String> known =
        Map.of(0x40, "xbzrle", 0x80, "rdma", 0x100, "compress", 0x200, "multifd");
    for (Map.Entry<Integer, String> one : known.entrySet()) {
      if ((flags & one.getKey()) != 0) {
        return of("it uses %s; switch that migration capability off".formatted(one.getValue()));
      }
    }
    return of("a page has unknown flags 0x%x".formatted(flags));
  }

  /** Any other reason. */
  static DcmException of(String why) {
    return new DcmException(
        Reason.GUEST_UNSUPPORTED, "QEMU's migration stream cannot be used: " + why);
  }
}
