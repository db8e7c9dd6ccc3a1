package org.dcmigrate.protocol.wire;

import java.util.Optional;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.rate.Priority;
import org.dcmigrate.protocol.rate.Share;
import org.dcmigrate.v1.TransferShare;

/** Between limits and priorities and their messages; what is out of range is refused. */
public final class ShareWire {
  private ShareWire() {}

  /** A share as it travels. */
  public static TransferShare share(Share share) {
    return TransferShare.newBuilder()
        .setMostBytesPerSecond(share.mostBytesPerSecond())
        .setPriority(
            switch (share.priority()) {
              case LOW -> org.dcmigrate.v1.Priority.PRIORITY_LOW;
              case NORMAL -> org.dcmigrate.v1.Priority.PRIORITY_NORMAL;
              case HIGH -> org.dcmigrate.v1.Priority.PRIORITY_HIGH;
            })
        .build();
  }

  /**
   * A share that came from an operator; without a priority, normal.
   *
   * @throws DcmException FIELD_INVALID
   */
  public static Share share(TransferShare share) throws DcmException {
    return new Share(
        rate("most_bytes_per_second", share.getMostBytesPerSecond()),
        priority(share.getPriority()).orElse(Priority.NORMAL));
  }

  /**
   * A share that came from a source, whose version may know more priorities: those are normal.
   *
   * @throws DcmException FIELD_INVALID
   */
  public static Share relayShare(TransferShare share) throws DcmException {
    boolean known = share.getPriority() != org.dcmigrate.v1.Priority.UNRECOGNIZED;
    return share(known ? share : share.toBuilder().clearPriority().build());
  }

  /**
   * A priority that came from an operator; empty where none was given.
   *
   * @throws DcmException FIELD_INVALID for one that this version does not know
   */
  public static Optional<Priority> priority(org.dcmigrate.v1.Priority priority)
      throws DcmException {
    return switch (priority) {
      case PRIORITY_UNSPECIFIED -> Optional.empty();
      case PRIORITY_LOW -> Optional.of(Priority.LOW);
      case PRIORITY_NORMAL -> Optional.of(Priority.NORMAL);
      case PRIORITY_HIGH -> Optional.of(Priority.HIGH);
      case UNRECOGNIZED ->
          throw new DcmException(
              Reason.FIELD_INVALID,
              "priority must be PRIORITY_LOW, PRIORITY_NORMAL or PRIORITY_HIGH");
    };
  }

  /**
   * A rate that came, in bytes per second; 0: no limit.
   *
   * @throws DcmException FIELD_INVALID
   */
  public static long rate(String field, long bytesPerSecond) throws DcmException {
    if (bytesPerSecond < 0) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "%s must be below 2^63, but was %s"
              .formatted(field, Long.toUnsignedString(bytesPerSecond)));
    }
    return bytesPerSecond;
  }
}
