package org.dcmigrate.conformance.mutants;

import com.google.protobuf.Message;
import io.grpc.ForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.mutants.FaultyPeer.Call;
import org.dcmigrate.conformance.mutants.FaultyPeer.Early;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;

/**
 * Stands between a right source and the peers that the tester plays, and makes what the source
 * sends look as if it had a fault.
 */
final class FaultBetween implements ServerInterceptor {
  private final Fault fault;

  FaultBetween(Fault fault) {
    this.fault = fault;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> wire, Metadata headers, ServerCallHandler<Q, A> next) {
    Call call = new Call(String.valueOf(wire.getMethodDescriptor().getBareMethodName()));
    Answering<Q, A> answering = new Answering<>(wire, call);
    return new Asking<>(answering, call, next.startCall(answering, headers));
  }

  /** From the played peer to the source. */
  private final class Answering<Q, A>
      extends ForwardingServerCall.SimpleForwardingServerCall<Q, A> {
    private final Call call;
    private boolean begun;
    private boolean over;

    Answering(ServerCall<Q, A> wire, Call call) {
      super(wire);
      this.call = call;
    }

    @Override
    public synchronized void sendHeaders(Metadata headers) {
      if (!begun && !over) {
        begun = true;
        super.sendHeaders(headers);
      }
    }

    @Override
    public synchronized void sendMessage(A message) {
      fault.response(call, (Message) message).ifPresent(this::send);
    }

    @SuppressWarnings("unchecked")
    synchronized void send(Message message) {
      if (!over) {
        sendHeaders(new Metadata());
        super.sendMessage((A) message);
      }
    }

    @Override
    public synchronized void close(Status status, Metadata trailers) {
      if (over) {
        return;
      }
      Optional<Message> instead =
          status.isOk()
              ? Optional.empty()
              : fault.instead(call, FaultyPeer.reason(status, trailers));
      instead.ifPresent(this::send);
      over = true;
      super.close(instead.isPresent() ? Status.OK : status, trailers);
    }

    synchronized void early(Early early) {
      early.answers().forEach(this::send);
      boolean single = getMethodDescriptor().getType().serverSendsOneMessage();
      if (!over && (early.end().isPresent() || single)) {
        over = true;
        Optional<StatusRuntimeException> end = early.end();
        super.close(
            end.map(StatusRuntimeException::getStatus).orElse(Status.OK),
            end.flatMap(refusal -> Optional.ofNullable(refusal.getTrailers()))
                .orElseGet(Metadata::new));
      }
    }
  }

  /** From the source to the played peer. */
  private final class Asking<Q, A> extends ServerCall.Listener<Q> {
    private final Answering<Q, A> answering;
    private final Call call;
    private final ServerCall.Listener<Q> peer;

    Asking(Answering<Q, A> answering, Call call, ServerCall.Listener<Q> peer) {
      this.answering = answering;
      this.call = call;
      this.peer = peer;
    }

    @Override
    @SuppressWarnings("unchecked")
    public void onMessage(Q message) {
      call.came((Message) message);
      Optional<Early> early = fault.early(call, (Message) message);
      List<Message> passed = fault.requests(call, (Message) message);
      early.ifPresent(answering::early);
      passed.forEach(each -> peer.onMessage((Q) each));
      // What is answered here is not waited for; what is dropped, nobody asks for the next of.
      if (passed.isEmpty() || early.isPresent()) {
        answering.request(1);
      }
    }

    @Override
    public void onHalfClose() {
      peer.onHalfClose();
    }

    @Override
    public void onCancel() {
      if (!fault.hidesBreak(call)) {
        peer.onCancel();
      }
    }

    @Override
    public void onComplete() {
      peer.onComplete();
    }

    @Override
    public void onReady() {
      peer.onReady();
    }
  }
}
