package org.dcmigrate.conformance.mutants;

import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.CallerIdentity;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.ContributorServiceGrpc;
import org.dcmigrate.v1.DecisionServiceGrpc;
import org.dcmigrate.v1.DestinationServiceGrpc;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.TransferServiceGrpc;

/** Stands in front of a real peer and passes all messages on, but for one deliberate fault. */
public final class FaultyPeer implements AutoCloseable {
  private static final List<MethodDescriptor<?, ?>> METHODS =
      List.of(
          DestinationServiceGrpc.getOpenMethod(),
          DestinationServiceGrpc.getResendMetadataMethod(),
          DestinationServiceGrpc.getGetInventoryMethod(),
          DestinationServiceGrpc.getGetSegmentDigestsMethod(),
          DestinationServiceGrpc.getSwitchoverMethod(),
          DestinationServiceGrpc.getGetDestinationStatusMethod(),
          DestinationServiceGrpc.getAbortMethod(),
          ContributorServiceGrpc.getDetachMethod(),
          ContributorServiceGrpc.getRelayMethod(),
          ContributorServiceGrpc.getSkipMethod(),
          ContributorServiceGrpc.getGetContributorStatusMethod(),
          ContributorServiceGrpc.getReleaseMethod(),
          TransferServiceGrpc.getTransferMethod(),
          DecisionServiceGrpc.getAppointMethod(),
          DecisionServiceGrpc.getPromiseMethod(),
          DecisionServiceGrpc.getAcceptMethod(),
          DecisionServiceGrpc.getDismissMethod(),
          MigrationServiceGrpc.getMigrateMethod(),
          MigrationServiceGrpc.getRedirectMethod(),
          MigrationServiceGrpc.getCancelMigrationMethod(),
          MigrationServiceGrpc.getSetDowntimeLimitMethod(),
          MigrationServiceGrpc.getResolveMigrationMethod(),
          MigrationServiceGrpc.getGetLimitsMethod(),
          MigrationServiceGrpc.getSetLimitsMethod(),
          MigrationServiceGrpc.getGetMigrationMethod(),
          MigrationServiceGrpc.getListMigrationsMethod(),
          HealthGrpc.getCheckMethod(),
          HealthGrpc.getWatchMethod(),
          PeerServiceGrpc.getListPeersMethod(),
          PeerServiceGrpc.getGetPeerMethod(),
          PeerServiceGrpc.getListGuestsMethod(),
          PeerServiceGrpc.getGetGuestMethod(),
          PeerServiceGrpc.getCreateGuestMethod(),
          PeerServiceGrpc.getDeleteGuestMethod());

  private final Server server;
  private final Channels backend;

  /**
   * The right peer behind.
   *
   * @param security who the tester is to it
   * @param expected who it must be
   */
  public record Backend(String endpoint, Security security, PeerId expected) {
    /** How the tester talks to what stands in front: the same identity, without TLS. */
    public Security front() {
      return new Security.PlaintextLoopback(security.identity());
    }
  }

  /** One call that passes through. */
  public static final class Call {
    private final String method;
    private int requests;
    private Optional<Message> first = Optional.empty();

    Call(String method) {
      this.method = method;
    }

    /** Counts a request. */
    void came(Message message) {
      first = first.or(() -> Optional.of(message));
      requests++;
    }

    /** Name of the method, without its service. */
    String method() {
      return method;
    }

    /** Number of requests so far. */
    int requests() {
      return requests;
    }

    /** The first request. */
    Message first() {
      return first.orElseThrow();
    }
  }

  /** What is done wrong. By default, nothing. */
  public interface Fault {
    /** Does nothing wrong. */
    Fault NONE = new Fault() {};

    /**
     * What is done wrong in the calls that the peer makes itself. The fault of a source is in
     * those; that of a holder is in what it answers, unless it says otherwise here.
     */
    default Fault calls() {
      return NONE;
    }

    /** Whether the call counts as half-closed after this request; what comes later is dropped. */
    default boolean ends(Call call, Message message) {
      return false;
    }

    /** How it listens. */
    default NettyServerBuilder listens(Security front) throws DcmException {
      return Transport.server("127.0.0.1:0", front);
    }

    /** Changes a request, or drops it. */
    default Optional<Message> request(Call call, Message message) {
      return Optional.of(message);
    }

    /** Turns a request into any number. */
    default List<Message> requests(Call call, Message message) {
      return request(call, message).stream().toList();
    }

    /** Changes an answer, or drops it. */
    default Optional<Message> response(Call call, Message message) {
      return Optional.of(message);
    }

    /** Turns a refusal with this reason into success with an answer. */
    default Optional<Message> instead(Call call, String reason) {
      return Optional.empty();
    }

    /** Ends a call with a refusal that was to end well. */
    default Optional<StatusRuntimeException> end(Call call) {
      return Optional.empty();
    }

    /**
     * Answers the caller at once. The message goes on all the same, unless it is dropped; what
     * comes to it from the other side, nobody hears where the call has ended.
     */
    default Optional<Early> early(Call call, Message message) {
      return Optional.empty();
    }

    /** Whether it is kept from the other side that the caller breaks the call off. */
    default boolean hidesBreak(Call call) {
      return false;
    }

    /** Changes the trailers of a refusal. */
    default Metadata trailers(Metadata trailers) {
      return trailers;
    }
  }

  /** What the caller is told at once, and how its call ends where it does. */
  record Early(List<Message> answers, Optional<StatusRuntimeException> end) {
    Early {
      answers = List.copyOf(answers);
    }
  }

  private FaultyPeer(Server server, Channels backend) {
    this.server = server;
    this.backend = backend;
  }

  /** A peer in front of another one. */
  public static FaultyPeer inFrontOf(Backend backend, Fault fault)
      throws DcmException, IOException {
    Channels channels = new Channels(backend);
    return new FaultyPeer(
        serve(fault.listens(backend.front()), method -> forwarding(channels, method, fault)),
        channels);
  }

  /** A peer that answers by itself. */
  static FaultyPeer answering(Security front, Handlers handlers) throws DcmException, IOException {
    Backend none = new Backend("127.0.0.1:1", front, front.identity());
    return new FaultyPeer(
        serve(Transport.server("127.0.0.1:0", front), handlers), new Channels(none));
  }

  /** Makes the handler of each method. */
  interface Handlers {
    ServerCallHandler<Message, Message> of(MethodDescriptor<Message, Message> method);
  }

  /** The way to the right peer, for each caller its own where callers only claim who they are. */
  private static final class Channels implements AutoCloseable {
    private final Backend backend;
    private final Map<PeerId, ManagedChannel> open = new ConcurrentHashMap<>();

    Channels(Backend backend) {
      this.backend = backend;
    }

    ManagedChannel of(Metadata headers) {
      PeerId tester = backend.security().identity();
      PeerId caller =
          Optional.ofNullable(headers.get(CallerIdentity.CLAIMED)).map(PeerId::new).orElse(tester);
      return open.computeIfAbsent(
          backend.security() instanceof Security.PlaintextLoopback ? caller : tester, this::open);
    }

    private ManagedChannel open(PeerId caller) {
      try {
        Security security =
            switch (backend.security()) {
              case Security.MutualTls tls -> tls;
              case Security.PlaintextLoopback plain -> new Security.PlaintextLoopback(caller);
            };
        return Transport.channel(backend.endpoint(), security, backend.expected());
      } catch (DcmException wrong) {
        throw new IllegalArgumentException("no peer can be there: " + backend.endpoint(), wrong);
      }
    }

    @Override
    public void close() {
      open.values().forEach(ManagedChannel::shutdownNow);
    }
  }

  @SuppressWarnings("unchecked")
  private static Server serve(NettyServerBuilder builder, Handlers handlers) throws IOException {
    Map<String, ServerServiceDefinition.Builder> services = new HashMap<>();
    for (MethodDescriptor<?, ?> each : METHODS) {
      MethodDescriptor<Message, Message> method = (MethodDescriptor<Message, Message>) each;
      services
          .computeIfAbsent(
              String.valueOf(method.getServiceName()), ServerServiceDefinition::builder)
          .addMethod(method, handlers.of(method));
    }
    services.values().forEach(service -> builder.addService(service.build()));
    return builder.build().start();
  }

  /** Where it listens. */
  public String endpoint() {
    return "127.0.0.1:" + server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
    backend.close();
  }

  private static ServerCallHandler<Message, Message> forwarding(
      Channels channels, MethodDescriptor<Message, Message> method, Fault fault) {
    return (front, headers) -> {
      Call call = new Call(String.valueOf(method.getBareMethodName()));
      ClientCall<Message, Message> back = apart(channels.of(headers), method);
      Backward backward = new Backward(front, call, fault);
      back.start(backward, new Metadata());
      back.request(Integer.MAX_VALUE);
      front.request(Integer.MAX_VALUE);
      return new ServerCall.Listener<>() {
        private boolean halfClosed;

        @Override
        public void onMessage(Message message) {
          if (halfClosed) {
            return;
          }
          call.came(message);
          fault.early(call, message).ifPresent(backward::early);
          fault.requests(call, message).forEach(back::sendMessage);
          // Where the caller has its answer already, it does not half-close any more.
          if (backward.isOver() || fault.ends(call, message)) {
            halfClose();
          }
        }

        @Override
        public void onHalfClose() {
          halfClose();
        }

        private void halfClose() {
          if (!halfClosed) {
            halfClosed = true;
            back.halfClose();
          }
        }

        @Override
        public void onCancel() {
          if (!backward.isOver()) {
            back.cancel("the caller is gone", null);
          }
        }
      };
    };
  }

  /**
   * A call that outlives the caller's: gRPC cancels calls made in the context of one that ended.
   */
  private static ClientCall<Message, Message> apart(
      ManagedChannel channel, MethodDescriptor<Message, Message> method) {
    Context caller = Context.ROOT.attach();
    try {
      return channel.newCall(method, CallOptions.DEFAULT);
    } finally {
      Context.ROOT.detach(caller);
    }
  }

  private static final class Backward extends ClientCall.Listener<Message> {
    private final ServerCall<Message, Message> front;
    private final Call call;
    private final Fault fault;
    private boolean begun;
    private boolean over;

    Backward(ServerCall<Message, Message> front, Call call, Fault fault) {
      this.front = front;
      this.call = call;
      this.fault = fault;
    }

    @Override
    public void onMessage(Message message) {
      fault.response(call, message).ifPresent(this::send);
    }

    /** Whether the caller's call has ended before that behind it. */
    synchronized boolean isOver() {
      return over;
    }

    synchronized void early(Early early) {
      early.answers().forEach(this::send);
      boolean single = front.getMethodDescriptor().getType().serverSendsOneMessage();
      if (!over && (early.end().isPresent() || single)) {
        over = true;
        Optional<StatusRuntimeException> end = early.end();
        front.close(
            end.map(StatusRuntimeException::getStatus).orElse(Status.OK),
            end.flatMap(refusal -> Optional.ofNullable(refusal.getTrailers()))
                .orElseGet(Metadata::new));
      }
    }

    @Override
    public synchronized void onClose(Status status, Metadata trailers) {
      if (over) {
        return;
      }
      Optional<Message> instead =
          status.isOk() ? Optional.empty() : fault.instead(call, reason(status, trailers));
      if (instead.isPresent()) {
        send(instead.get());
        front.close(Status.OK, new Metadata());
      } else if (status.isOk() && fault.end(call).isPresent()) {
        StatusRuntimeException refusal = fault.end(call).get();
        front.close(
            refusal.getStatus(),
            Optional.ofNullable(refusal.getTrailers()).orElseGet(Metadata::new));
      } else {
        front.close(status, status.isOk() ? new Metadata() : fault.trailers(trailers));
      }
    }

    private synchronized void send(Message message) {
      if (over) {
        return;
      }
      if (!begun) {
        begun = true;
        front.sendHeaders(new Metadata());
      }
      front.sendMessage(message);
    }
  }

  /** Why a call was refused. */
  static String reason(Status status, Metadata trailers) {
    return Errors.fromStatus(status.asRuntimeException(trailers)).reason().name();
  }
}
