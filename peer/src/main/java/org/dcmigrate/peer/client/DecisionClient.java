package org.dcmigrate.peer.client;

import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.wire.DecisionWire;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.AcceptRequest;
import org.dcmigrate.v1.AcceptResponse;
import org.dcmigrate.v1.AppointRequest;
import org.dcmigrate.v1.DecisionServiceGrpc;
import org.dcmigrate.v1.DecisionServiceGrpc.DecisionServiceBlockingStub;
import org.dcmigrate.v1.DismissRequest;
import org.dcmigrate.v1.PromiseRequest;
import org.dcmigrate.v1.PromiseResponse;

/** What a source or destination asks of a peer that votes on the commit decision. */
public final class DecisionClient {
  private final Channel channel;

  DecisionClient(Channel channel) {
    this.channel = channel;
  }

  /** Makes the peer a witness. */
  public void appoint(Attempt attempt, PeerId destination, Duration deadline) throws DcmException {
    AppointRequest request =
        AppointRequest.newBuilder()
            .setAttempt(Wire.attempt(attempt))
            .setDestination(Wire.peer(destination))
            .build();
    call(() -> stub(deadline).appoint(request));
  }

  /** Tells a witness who owns the guest. */
  public void dismiss(Attempt attempt, Choice owner, Duration deadline) throws DcmException {
    DismissRequest request =
        DismissRequest.newBuilder()
            .setAttempt(Wire.attempt(attempt))
            .setOwner(DecisionWire.choice(owner))
            .build();
    call(() -> stub(deadline).dismiss(request));
  }

  /** Asks for a promise or a vote. */
  public Answer ask(Attempt attempt, Question question, Duration deadline) throws DcmException {
    return switch (question) {
      case Question.Promise promise -> {
        PromiseRequest request =
            PromiseRequest.newBuilder()
                .setAttempt(Wire.attempt(attempt))
                .setBallot(promise.ballot())
                .build();
        PromiseResponse response = call(() -> stub(deadline).promise(request));
        yield DecisionWire.answer(promise.ballot(), response);
      }
      case Question.Accept accept -> {
        AcceptRequest request =
            AcceptRequest.newBuilder()
                .setAttempt(Wire.attempt(attempt))
                .setVote(DecisionWire.vote(accept.vote()))
                .build();
        AcceptResponse response = call(() -> stub(deadline).accept(request));
        yield DecisionWire.answer(accept.ballot(), response);
      }
    };
  }

  private DecisionServiceBlockingStub stub(Duration deadline) {
    return DecisionServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static <A> A call(Supplier<A> call) throws DcmException {
    try {
      return call.get();
    } catch (StatusRuntimeException failed) {
      throw Errors.fromStatus(failed);
    }
  }
}
