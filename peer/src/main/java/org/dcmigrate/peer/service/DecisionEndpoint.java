package org.dcmigrate.peer.service;

import io.grpc.stub.StreamObserver;
import org.dcmigrate.peer.decision.Acceptors;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.transport.CallerIdentity;
import org.dcmigrate.protocol.wire.DecisionWire;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.AcceptRequest;
import org.dcmigrate.v1.AcceptResponse;
import org.dcmigrate.v1.AppointRequest;
import org.dcmigrate.v1.AppointResponse;
import org.dcmigrate.v1.DecisionServiceGrpc;
import org.dcmigrate.v1.DismissRequest;
import org.dcmigrate.v1.DismissResponse;
import org.dcmigrate.v1.PromiseRequest;
import org.dcmigrate.v1.PromiseResponse;

/** The votes of this peer, for the sources and destinations of attempts that it votes on. */
public final class DecisionEndpoint extends DecisionServiceGrpc.DecisionServiceImplBase {
  private final Acceptors acceptors;

  public DecisionEndpoint(Acceptors acceptors) {
    this.acceptors = acceptors;
  }

  @Override
  public void appoint(AppointRequest request, StreamObserver<AppointResponse> out) {
    Calls.answer(
        out,
        () -> {
          acceptors.appoint(
              Wire.attempt(request.getAttempt()),
              CallerIdentity.current(),
              Wire.peer(request.getDestination()));
          return AppointResponse.getDefaultInstance();
        });
  }

  @Override
  public void promise(PromiseRequest request, StreamObserver<PromiseResponse> out) {
    Calls.answer(
        out,
        () ->
            DecisionWire.promiseResponse(
                acceptors.ask(
                    CallerIdentity.current(),
                    Wire.attempt(request.getAttempt()),
                    new Question.Promise(DecisionWire.ballot(request.getBallot())))));
  }

  @Override
  public void accept(AcceptRequest request, StreamObserver<AcceptResponse> out) {
    Calls.answer(
        out,
        () ->
            DecisionWire.acceptResponse(
                acceptors.ask(
                    CallerIdentity.current(),
                    Wire.attempt(request.getAttempt()),
                    new Question.Accept(DecisionWire.vote(request.getVote())))));
  }

  @Override
  public void dismiss(DismissRequest request, StreamObserver<DismissResponse> out) {
    Calls.answer(
        out,
        () -> {
          acceptors.dismiss(
              Wire.attempt(request.getAttempt()),
              DecisionWire.choice(request.getOwner()),
              CallerIdentity.current());
          return DismissResponse.getDefaultInstance();
        });
  }
}
