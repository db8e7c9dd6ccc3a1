package org.dcmigrate.conformance.play;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.PeerServiceGrpc;

/** How far away a target is: what cases wait for takes longer over a longer way. */
public final class RoundTrip {
  private static final int ASKED = 5;
  // More than the steps of any answer that a case waits for, through a proxy and back.
  private static final int ROUND_TRIPS = 100;
  // Whoever takes longer for a question is no farther away, but slow.
  private static final Duration FARTHEST = Duration.ofMillis(200);

  private RoundTrip() {}

  /**
   * How long an answer may take that may take so long where the way takes no time.
   *
   * @param roundTrip of which 200 ms count at the most
   */
  public static Duration patience(Duration timeout, Duration roundTrip) {
    Duration counted = roundTrip.compareTo(FARTHEST) < 0 ? roundTrip : FARTHEST;
    return timeout.plus(counted.multipliedBy(ROUND_TRIPS));
  }

  /**
   * The quickest of some questions over a connection that is up; nothing where the target does not
   * answer, which the cases will tell.
   *
   * @param timeout for each question
   * @throws DcmException where the endpoint is none, or the certificates are not usable
   */
  public static Duration measured(Cast cast, Duration timeout) throws DcmException {
    ManagedChannel channel =
        Transport.channel(cast.endpoint(), cast.first().security(), cast.target());
    try {
      Duration quickest = timeout;
      for (int i = 0; i <= ASKED; i++) {
        long startNs = System.nanoTime();
        if (!isAnswered(channel, timeout)) {
          return Duration.ZERO;
        }
        // The first one makes the connection.
        if (i > 0) {
          Duration took = Duration.ofNanos(System.nanoTime() - startNs);
          quickest = took.compareTo(quickest) < 0 ? took : quickest;
        }
      }
      return quickest;
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
        case UNAVAILABLE, DEADLINE_EXCEEDED -> false;
        default -> true;
      };
    }
  }
}
