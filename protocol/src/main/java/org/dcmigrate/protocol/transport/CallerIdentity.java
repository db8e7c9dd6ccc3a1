package org.dcmigrate.protocol.transport;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;

/** Finds out who calls, before anything else looks at the call. */
public final class CallerIdentity implements ServerInterceptor {
  /** On plaintext connections: the identity that the caller claims. Not authenticated. */
  public static final Metadata.Key<String> CLAIMED =
      Metadata.Key.of("dcm-identity", Metadata.ASCII_STRING_MARSHALLER);

  private static final Context.Key<PeerId> CALLER = Context.key("dcm-caller");

  private final boolean plaintext;

  CallerIdentity(boolean plaintext) {
    this.plaintext = plaintext;
  }

  /** Who makes the present call. Only inside of one. */
  public static PeerId current() {
    PeerId caller = CALLER.get();
    if (caller == null) {
      throw new IllegalStateException("no call is being served on this thread");
    }
    return caller;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    PeerId caller;
    try {
      caller = plaintext ? claimed(headers) : certified(call);
    } catch (DcmException refused) {
      StatusRuntimeException status = Errors.toStatus(refused);
      Metadata trailers = status.getTrailers();
      call.close(status.getStatus(), trailers == null ? new Metadata() : trailers);
      return new ServerCall.Listener<>() {};
    }
    return Contexts.interceptCall(Context.current().withValue(CALLER, caller), call, headers, next);
  }

  private static PeerId claimed(Metadata headers) throws DcmException {
    String uri = headers.get(CLAIMED);
    if (uri == null) {
      throw new DcmException(
          Reason.IDENTITY_INVALID,
          "a call without TLS must say who makes it in the header " + CLAIMED.name());
    }
    try {
      return PeerId.parse(uri);
    } catch (DcmException malformed) {
      throw new DcmException(Reason.IDENTITY_INVALID, malformed.sentence(), malformed);
    }
  }

  private static PeerId certified(ServerCall<?, ?> call) throws DcmException {
    SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    if (session == null) {
      throw new DcmException(Reason.IDENTITY_INVALID, "this peer takes calls over mutual TLS only");
    }
    try {
      Certificate[] chain = session.getPeerCertificates();
      if (chain.length > 0 && chain[0] instanceof X509Certificate leaf) {
        return Certificates.identity(leaf);
      }
    } catch (SSLPeerUnverifiedException none) {
      // Refused below.
    }
    throw new DcmException(Reason.IDENTITY_INVALID, "the caller showed no certificate");
  }
}
