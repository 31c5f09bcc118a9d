import { makeConsumer } from "../../tools/scripts/consumer.ts"

/** The packed package stands in a project of its own before the tests of it begin. */
export default makeConsumer
