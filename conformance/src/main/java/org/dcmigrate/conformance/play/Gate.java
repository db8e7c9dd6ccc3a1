package org.dcmigrate.conformance.play;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.grpc.ForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.dcmigrate.conformance.play.Script.Arriving;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.SwitchoverRequest;
import org.dcmigrate.v1.SwitchoverResponse;
import org.dcmigrate.v1.TransferRequest;

/**
 * Stands in front of the services of a played peer: notes what comes and goes, and does what the
 * script says in place of them.
 */
final class Gate implements ServerInterceptor {
  private final String peer;
  private final Course course;
  private final Script script;
  private final AtomicLong calls = new AtomicLong();

  Gate(String peer, Course course, Script script) {
    this.peer = peer;
    this.course = course;
    this.script = script;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    String method = String.valueOf(call.getMethodDescriptor().getBareMethodName());
    Outgoing<Q, A> outgoing = new Outgoing<>(call, method, calls.incrementAndGet());
    return new Incoming<>(outgoing, next.startCall(outgoing, headers));
  }

  /** The method, and the kind of message where a stream has several. */
  static String step(String method, Object message) {
    return switch (message) {
      case TransferRequest transfer -> method + "." + transfer.getMessageCase();
      case SwitchoverRequest request -> method + "." + request.getStepCase();
      case SwitchoverResponse response -> method + "." + response.getStepCase();
      default -> method;
    };
  }

  /** Pages are looked at by the services; kept here, they would fill the memory. */
  private static Message noted(Object message) {
    if (message instanceof TransferRequest transfer && transfer.hasChunk()) {
      TransferRequest.Builder copy = transfer.toBuilder();
      copy.getChunkBuilder().setPayload(ByteString.EMPTY);
      return copy.build();
    }
    return (Message) message;
  }

  /** The way to the target. */
  private final class Outgoing<Q, A> extends ForwardingServerCall.SimpleForwardingServerCall<Q, A> {
    private final String method;
    private final long number;
    private boolean begun;
    private boolean closed;
    private Optional<UnaryOperator<Message>> change = Optional.empty();

    Outgoing(ServerCall<Q, A> call, String method, long number) {
      super(call);
      this.method = method;
      this.number = number;
    }

    @Override
    public synchronized void sendHeaders(Metadata headers) {
      if (!begun && !closed) {
        begun = true;
        super.sendHeaders(headers);
      }
    }

    @Override
    @SuppressWarnings("unchecked")
    public synchronized void sendMessage(A message) {
      if (closed) {
        return;
      }
      Message changed = change.map(each -> each.apply((Message) message)).orElse((Message) message);
      course.add(peer, step(method, changed), Course.Kind.WENT, number, changed);
      sendHeaders(new Metadata());
      super.sendMessage((A) changed);
    }

    @Override
    public synchronized void close(Status status, Metadata trailers) {
      if (!closed) {
        closed = true;
        course.add(
            peer,
            method,
            Course.Kind.ENDED,
            number,
            com.google.rpc.Status.newBuilder().setCode(status.getCode().value()).build());
        super.close(status, trailers);
      }
    }
  }

  /** The way from the target. */
  private final class Incoming<Q, A> extends ServerCall.Listener<Q> {
    private final Outgoing<Q, A> outgoing;
    private final ServerCall.Listener<Q> services;
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private final Map<String, Integer> counts = new HashMap<>();
    private boolean held;
    private boolean deaf;

    Incoming(Outgoing<Q, A> outgoing, ServerCall.Listener<Q> services) {
      this.outgoing = outgoing;
      this.services = services;
    }

    @Override
    public synchronized void onMessage(Q message) {
      String step = step(outgoing.method, message);
      course.add(peer, step, Course.Kind.CAME, outgoing.number, noted(message));
      Arriving arriving =
          new Arriving(step, counts.merge(step, 1, Integer::sum), (Message) message);
      inOrder(() -> react(arriving, message));
    }

    @Override
    public synchronized void onHalfClose() {
      inOrder(services::onHalfClose);
    }

    @Override
    public synchronized void onCancel() {
      course.add(
          peer,
          outgoing.method,
          Course.Kind.BROKEN_OFF,
          outgoing.number,
          com.google.rpc.Status.getDefaultInstance());
      waiting.clear();
      deaf = true;
      services.onCancel();
    }

    @Override
    public synchronized void onComplete() {
      services.onComplete();
    }

    @Override
    public synchronized void onReady() {
      services.onReady();
    }

    private void inOrder(Runnable next) {
      if (held) {
        waiting.add(next);
      } else if (!deaf) {
        next.run();
      }
    }

    private void react(Arriving arriving, Q message) {
      switch (script.reaction(arriving)) {
        case Reaction.Right right -> services.onMessage(message);
        case Reaction.Refuse refuse ->
            refuse(Errors.toStatus(new DcmException(refuse.reason(), "the case wants it refused")));
        case Reaction.Hold hold -> hold(hold, message);
        case Reaction.Ignore ignore -> deaf = true;
        case Reaction.Drop drop -> refuse(Status.UNAVAILABLE.asRuntimeException());
        case Reaction.Answer answer -> answer(answer.answer());
        case Reaction.Change change -> {
          outgoing.change = Optional.of(change.change());
          services.onMessage(message);
        }
      }
    }

    private void hold(Reaction.Hold hold, Q message) {
      if (hold.gate().isDone()) {
        services.onMessage(message);
        return;
      }
      held = true;
      var _ =
          hold.gate()
              .thenRunAsync(
                  () -> letGo(message), task -> Thread.ofVirtual().name("let-go").start(task));
    }

    private synchronized void letGo(Q message) {
      if (deaf) {
        return;
      }
      held = false;
      services.onMessage(message);
      while (!held && !deaf && !waiting.isEmpty()) {
        waiting.remove().run();
      }
    }

    private void refuse(StatusRuntimeException status) {
      deaf = true;
      outgoing.close(
          status.getStatus(), Optional.ofNullable(status.getTrailers()).orElseGet(Metadata::new));
    }

    @SuppressWarnings("unchecked")
    private void answer(Message answer) {
      outgoing.sendMessage((A) answer);
      if (outgoing.getMethodDescriptor().getType().serverSendsOneMessage()) {
        deaf = true;
        outgoing.close(Status.OK, new Metadata());
      } else {
        outgoing.request(1);
      }
    }
  }
}
