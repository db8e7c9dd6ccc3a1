package org.dcmigrate.peer.service;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.Set;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.CallerIdentity;
import org.dcmigrate.protocol.wire.Errors;

/** Lets only configured identities call a service. Runs behind {@link CallerIdentity}. */
public final class Admission implements ServerInterceptor {
  private final String who;
  private final Set<PeerId> admitted;

  /**
   * Admits these and nobody else.
   *
   * @param who what they are, for the refusal, e.g. "a configured operator"
   */
  public Admission(String who, Set<PeerId> admitted) {
    this.who = who;
    this.admitted = Set.copyOf(admitted);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    PeerId caller = CallerIdentity.current();
    if (admitted.contains(caller)) {
      return next.startCall(call, headers);
    }
    DcmException refused =
        new DcmException(
            Reason.IDENTITY_NOT_ADMITTED,
            "%s is not %s of this peer; add it to the configuration or use another certificate"
                .formatted(caller, who));
    var status = Errors.toStatus(refused);
    Metadata trailers = status.getTrailers();
    call.close(status.getStatus(), trailers == null ? new Metadata() : trailers);
    return new ServerCall.Listener<>() {};
  }
}
