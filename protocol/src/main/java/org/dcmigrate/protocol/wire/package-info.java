/**
 * Between values and what travels: generated messages ({@link org.dcmigrate.protocol.wire.Wire}),
 * page chunks without copies ({@link org.dcmigrate.protocol.wire.TransferCodec}), and errors
 * ({@link org.dcmigrate.protocol.wire.Errors}).
 */
@NullMarked
package org.dcmigrate.protocol.wire;

import org.jspecify.annotations.NullMarked;
