package org.dcmigrate.conformance.play;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.PeerServiceGrpc;

/** How far away a target is: what cases wait for takes longer over a longer way. */
public final class RoundTrip {
  private static final int ASKED = 5;

  private RoundTrip() {}

  /**
   * The median of some questions over a connection that is up; nothing where the target does not
   * answer, which the cases will tell.
   *
   * @param timeout for each question
   */
  public static Duration measured(Cast cast, Duration timeout) throws DcmException {
    ManagedChannel channel =
        Transport.channel(cast.endpoint(), cast.first().security(), cast.target());
    try {
      List<Duration> took = new ArrayList<>();
      for (int i = 0; i <= ASKED; i++) {
        long startNs = System.nanoTime();
        if (!isAnswered(channel, timeout)) {
          return Duration.ZERO;
        }
        // The first one makes the connection.
        if (i > 0) {
          took.add(Duration.ofNanos(System.nanoTime() - startNs));
        }
      }
      return took.stream().sorted().toList().get(ASKED / 2);
    } finally {
      channel.shutdownNow();
    }
  }

  /** A refusal is an answer, too. */
  private static boolean isAnswered(ManagedChannel channel, Duration timeout) {
    try {
      var _ =
          PeerServiceGrpc.newBlockingStub(channel)
              .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS)
              .getPeer(GetPeerRequest.getDefaultInstance());
      return true;
    } catch (StatusRuntimeException refused) {
      return switch (refused.getStatus().getCode()) {
        case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED -> false;
        default -> true;
      };
    }
  }
}
