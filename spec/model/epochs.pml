/*
 * Epoch fencing: source S and two peers A and B through three epochs, that is two redirects, the second one back to
 * the first destination. The destination is A in epochs 1 and 3, B in epoch 2; the other one of the two is the witness
 * (and, after the first epoch, contributor). So every peer changes its role with messages of its old role under way.
 *
 * Network: a set, as in decision.pml: every message ever sent may arrive at any time, any number of times, or never.
 * A peer keeps the state of the highest epoch that it knows; messages of a lower one change nothing.
 *
 * Bounds: three epochs; ballots 0 (destination) and 1 (source) in each; no restarts, since all state but S's running
 * ballot is in a journal. decision.pml has the restarts and the higher ballots.
 *
 * Switches: -DPROP=<one property, all without>  -DREACH=<state>  -DM_<mutant>
 */
#ifndef PROP
#define PROP 0
#endif
#ifndef REACH
#define REACH 0
#endif
#define ON(p) (PROP == 0 || PROP == p)

#define TWO_RUNNING    1  /* at most one peer runs the guest */
#define OWNER_RUNS     2  /* a peer that runs is the destination of S's epoch, which decided DESTINATION */
#define GRANT_FIRST    3  /* nobody accepts in an epoch before its GRANT is in S's journal */
#define BOTH_DECIDED   4  /* never both choices in one epoch */
#define GRANT_PREPARED 5  /* GRANT is given only to a destination that was prepared in that epoch */
#define REDIRECT       6  /* no redirect after GRANT, but after SOURCE was decided or FORGOT was journalled */
#define SUPERSEDED     7  /* an owner never hears of a higher epoch */

#define R_EPOCH_3_RUNS   1  /* A runs in epoch 3 after two redirects */
#define R_TWICE_TAKEN    2  /* ... and S took back by ballot in epochs 1 and 2 */
#define R_SOURCE_KEEPS   3  /* S runs with GRANT given in all three epochs */
#define R_LATE           4  /* A runs in epoch 3 with a Commit of epoch 1 never heard */

#define EPOCHS 3
#define A 0
#define B 1
#define S 2
#define SOURCE 0
#define DESTINATION 1
#define BIT(x) (1 << (x))
#define HAS(set, i) (((set) >> (i)) & 1)
#define DEST(e) (((e) + 1) % 2)
#define QUORUM(v) ((v) == 3 || (v) >= 5)

mtype = { TRANSFER, GRANT, COMMITTED, TAKEN, DONE, NOTHING, RECEIVING, PREPARED, DECIDING, OWNED, FORGOT, CONTRIBUTOR };
/* S's journal. */
byte epoch = 1;
mtype sst = TRANSFER;
/* S's ballot 1: 0 not started, 1 collecting promises, 2 proposing. */
byte phase, val;
/* Journals of A and B: the highest epoch known, and the role in it. */
byte known[2];
mtype role[2] = NOTHING;
/* Acceptors in the highest epoch known. prm: ballot + 1. acc: 1 + 2 * ballot + choice. 0 is none. */
byte prm[3];
byte acc[3];
bool s_run = 1;
bool n_run[2];
/* Network: sets of epochs. */
byte m_open = 2, m_prepared, m_commit, m_accept0, m_promise, m_discarded, m_running;
byte m_accept1[2];                /* per choice */
byte m_promised[8];               /* epoch * 2 + peer: 0 or 1 + acceptance */
byte votes0[4], votes1[8];        /* per epoch (ballot 1: * 2 + choice): set of acceptors that answered Accepted */
/* Seen from outside only: sets of epochs. */
byte granted, forgot, by_ballot, decided[2];

inline check() {
#if ON(TWO_RUNNING)
    assert(s_run + n_run[A] + n_run[B] <= 1);
#endif
#if ON(OWNER_RUNS)
    assert(!n_run[A] || (role[A] == OWNED && known[A] == epoch && DEST(epoch) == A && HAS(decided[DESTINATION], epoch)));
    assert(!n_run[B] || (role[B] == OWNED && known[B] == epoch && DEST(epoch) == B && HAS(decided[DESTINATION], epoch)));
#endif
#if ON(BOTH_DECIDED)
    assert((decided[SOURCE] & decided[DESTINATION]) == 0);
#endif
#if ON(GRANT_FIRST)
    assert(votes0[1] == 0 || HAS(granted, 1));
    assert(votes0[2] == 0 || HAS(granted, 2));
    assert(votes0[3] == 0 || HAS(granted, 3));
#endif
#if REACH == R_EPOCH_3_RUNS
    assert(!(n_run[A] && epoch == 3));
#elif REACH == R_TWICE_TAKEN
    assert(!(n_run[A] && epoch == 3 && by_ballot == 6));
#elif REACH == R_SOURCE_KEEPS
    assert(!(s_run && granted == 14));
#elif REACH == R_LATE
    assert(!(n_run[A] && epoch == 3 && HAS(granted, 1) && !HAS(m_accept0, 1)));
#endif
    skip
}

#define VOTE0(x, e) votes0[e] = votes0[e] | BIT(x); \
    decided[DESTINATION] = decided[DESTINATION] | (QUORUM(votes0[e]) * BIT(e))
#define VOTE1(x, e, c) votes1[(e) * 2 + (c)] = votes1[(e) * 2 + (c)] | BIT(x); \
    decided[c] = decided[c] | (QUORUM(votes1[(e) * 2 + (c)]) * BIT(e))

/* The epoch check of each kind of message, and the mutant that lacks it. */
#ifdef M_STALE_DISCARDED
#define DISCARDED(e) (m_discarded != 0)
#else
#define DISCARDED(e) HAS(m_discarded, e)
#endif
#ifdef M_STALE_PREPARED
#define IS_PREPARED(e) (m_prepared != 0)
#else
#define IS_PREPARED(e) HAS(m_prepared, e)
#endif
#ifdef M_STALE_COMMIT
#define COMMIT(e) (m_commit != 0)
#else
#define COMMIT(e) HAS(m_commit, e)
#endif
#ifdef M_STALE_ACCEPT
#define ACCEPT0(e) (m_accept0 != 0)
#else
#define ACCEPT0(e) HAS(m_accept0, e)
#endif
#ifdef M_STALE_ACCEPTED
#define ANSWERS0(e) (votes0[1] | votes0[2] | votes0[3])
#else
#define ANSWERS0(e) (votes0[e])
#endif
#ifdef M_WITNESS_DEAF
#define FREE0(x) true
#else
#define FREE0(x) (prm[x] <= 1)
#endif
#ifdef M_REDIRECT_AFTER_GRANT
#define MAY_REDIRECT (sst == TRANSFER || sst == TAKEN || sst == GRANT)
#else
#define MAY_REDIRECT (sst == TRANSFER || sst == TAKEN)
#endif

/* Answers that S no longer waits for are dropped, and so are those of an epoch that A and B both left: each reader
   compares the epoch, so they would be ignored for ever. The mutant that lacks that comparison keeps them. */
#define DROP_PROMISES m_promised[epoch * 2 + A] = 0; m_promised[epoch * 2 + B] = 0
#ifdef M_STALE_ACCEPTED
#define DROP_VOTES(e) skip
#else
#define LEFT(e) (known[A] > e && known[B] > e)
#define DROP_VOTES(e) \
    votes0[e] = votes0[e] * !LEFT(e); \
    votes1[e * 2] = votes1[e * 2] * !LEFT(e); votes1[e * 2 + 1] = votes1[e * 2 + 1] * !LEFT(e)
#endif

#define TAKE_BACK DROP_PROMISES; sst = TAKEN; phase = 0; val = 0; s_run = 1

#define ON_PROMISED(y) \
    :: atomic { sst == GRANT && phase == 1 && m_promised[epoch * 2 + y] > 0 -> \
        if \
        :: acc[S] > 0 || m_promised[epoch * 2 + y] > 1 -> val = DESTINATION \
        :: else -> val = SOURCE \
        fi; \
        phase = 2; DROP_PROMISES; m_accept1[val] = m_accept1[val] | BIT(epoch); \
        printf("S: proposes choice %d in epoch %d\n", val, epoch) }

#if REACH == R_TWICE_TAKEN
#define BY_BALLOT by_ballot = by_ballot | BIT(epoch);
#else
#define BY_BALLOT
#endif

proctype source() {
end:
    do
    :: atomic { epoch < EPOCHS && MAY_REDIRECT ->
#if ON(REDIRECT)
        assert(!HAS(granted, epoch) || HAS(decided[SOURCE], epoch) || HAS(forgot, epoch));
#endif
        DROP_PROMISES; epoch++; sst = TRANSFER; s_run = 1; phase = 0; val = 0; prm[S] = 0; acc[S] = 0;
        m_open = m_open | BIT(epoch);
        printf("S: journals epoch %d, sends Open, Detach and Appoint\n", epoch); check() }
    :: atomic { sst == TRANSFER && IS_PREPARED(epoch) ->
#if ON(GRANT_PREPARED)
        assert(known[DEST(epoch)] == epoch && (role[DEST(epoch)] == PREPARED || role[DEST(epoch)] == FORGOT));
#endif
        s_run = 0; sst = GRANT; granted = granted | BIT(epoch); m_commit = m_commit | BIT(epoch);
        printf("S: stops the guest, journals GRANT of epoch %d\n", epoch); check() }
    :: atomic { (sst == GRANT || sst == COMMITTED) && ACCEPT0(epoch) && prm[S] <= 1 && acc[S] == 0 ->
        prm[S] = 1; acc[S] = 1 + DESTINATION; VOTE0(S, epoch);
        printf("S: accepts ballot 0 of epoch %d\n", epoch); check() }
    :: atomic { sst == GRANT && phase == 0 -> phase = 1; prm[S] = 2; m_promise = m_promise | BIT(epoch);
        printf("S: starts ballot 1 of epoch %d\n", epoch) }
    ON_PROMISED(A)
    ON_PROMISED(B)
    :: atomic { sst == GRANT && phase == 2 && acc[S] < 3 ->
        acc[S] = 3 + val; VOTE1(S, epoch, val); printf("S: accepts its ballot 1\n"); check() }
    :: atomic { sst == GRANT && phase == 2 && QUORUM(votes1[epoch * 2 + val]) ->
        if
        :: val == SOURCE -> BY_BALLOT TAKE_BACK; printf("S: takes the guest back\n")
        :: else -> sst = COMMITTED; DROP_PROMISES; phase = 0; val = 0; printf("S: DESTINATION is decided\n")
        fi; check() }
    :: atomic { (sst == GRANT || sst == COMMITTED) && DISCARDED(epoch) ->
        TAKE_BACK; printf("S: hears ATTEMPT_DISCARDED, takes the guest back\n"); check() }
    :: atomic { (sst == GRANT || sst == COMMITTED) && HAS(m_running, epoch) ->
#if ON(OWNER_RUNS)
        assert(n_run[DEST(epoch)]);
#endif
        sst = DONE; DROP_PROMISES; phase = 0; val = 0; printf("S: hears Running, ends\n"); check() }
    od
}

/* A peer hears of a higher epoch: a new role, an empty acceptor. What it was deciding is over, since S went on. */
#if ON(SUPERSEDED)
#define NO_OWNER(x) assert(role[x] != OWNED)
#else
#define NO_OWNER(x) skip
#endif
#define ON_EPOCH(e) \
    :: atomic { HAS(m_open, e) && known[x] < e -> \
        NO_OWNER(x); known[x] = e; prm[x] = 0; acc[x] = 0; \
        if \
        :: DEST(e) == x -> role[x] = RECEIVING \
        :: else -> role[x] = CONTRIBUTOR \
        fi; \
        DROP_VOTES(1); DROP_VOTES(2); \
        printf("%d: epoch %d, role %e\n", x, e, role[x]); check() }

#define FORGET m_discarded = m_discarded | BIT(known[x]); forgot = forgot | BIT(known[x]); role[x] = FORGOT
#define ACCEPTS (role[x] == DECIDING || role[x] == OWNED || role[x] == CONTRIBUTOR)
#define ON_ACCEPT1(c) \
    :: atomic { ACCEPTS && HAS(m_accept1[c], known[x]) && acc[x] < 3 -> \
        prm[x] = 2; acc[x] = 3 + c; VOTE1(x, known[x], c); \
        printf("%d: accepts ballot 1 of epoch %d choice %d\n", x, known[x], c); check() }

proctype peer(byte x) {
end:
    do
    ON_EPOCH(1)
    ON_EPOCH(2)
    ON_EPOCH(3)
    :: atomic { role[x] == RECEIVING -> role[x] = PREPARED; m_prepared = m_prepared | BIT(known[x]);
        printf("%d: prepared in epoch %d\n", x, known[x]) }
    :: atomic { role[x] == PREPARED && COMMIT(known[x]) ->
        role[x] = DECIDING; prm[x] = 1; acc[x] = 1 + DESTINATION; VOTE0(x, known[x]);
        m_accept0 = m_accept0 | BIT(known[x]);
        printf("%d: journals GRANTED in epoch %d\n", x, known[x]); check() }
    :: atomic { role[x] == CONTRIBUTOR && ACCEPT0(known[x]) && FREE0(x) && acc[x] == 0 ->
        prm[x] = 1; acc[x] = 1 + DESTINATION; VOTE0(x, known[x]);
        printf("%d: accepts ballot 0 of epoch %d\n", x, known[x]); check() }
    :: atomic { ACCEPTS && HAS(m_promise, known[x]) && prm[x] < 2 ->
        prm[x] = 2; m_promised[known[x] * 2 + x] = (1 + acc[x]) * (known[x] == epoch && phase == 1);
        printf("%d: promises ballot 1 of epoch %d\n", x, known[x]) }
    ON_ACCEPT1(SOURCE)
    ON_ACCEPT1(DESTINATION)
    :: atomic { role[x] == DECIDING && QUORUM(ANSWERS0(known[x])) ->
        role[x] = OWNED; n_run[x] = 1; m_running = m_running | BIT(known[x]);
        printf("%d: journals OWNED in epoch %d, runs the guest\n", x, known[x]); check() }
    /* At will, which includes Abort. */
    :: atomic { role[x] == PREPARED || role[x] == DECIDING ->
        FORGET; printf("%d: journals FORGOT in epoch %d\n", x, known[x]); check() }
#ifdef M_CONTRIBUTOR_RUNS
    :: atomic { role[x] == CONTRIBUTOR && HAS(decided[DESTINATION], known[x]) && !n_run[x] -> n_run[x] = 1; check() }
#endif
    od
}

init { atomic { run source(); run peer(A); run peer(B) } }
