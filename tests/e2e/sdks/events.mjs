// What every SDK sends here: as many events as COUNT says, of several users, numbered.
export function* events() {
  const { NAME, COUNT, USERS } = process.env
  for (let n = 0; n < Number(COUNT); n++) {
    yield { userId: `${NAME}-${n % Number(USERS)}`, event: "Clicked", properties: { sdk: NAME, n } }
  }
}

export const pause = () => new Promise((resolve) => setTimeout(resolve, Number(process.env.PAUSE_MS)))
