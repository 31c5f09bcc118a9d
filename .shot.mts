import puppeteer from "puppeteer-core"

const [, , scheme = "light", width = "1280", ...parts] = process.argv
const b = await puppeteer.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
})
const page = await b.newPage()
page.on("pageerror", (e) => console.log("pageerror", e))
page.on("console", (m) => console.log("console", m.type(), m.text()))
await page.setViewport({ width: Number(width), height: 860 })
await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }])
const url = "http://localhost:8791/"
for (const part of parts) {
  await page.goto("about:blank")
  await page.goto(`${url}#${part}`, { waitUntil: "load" })
  await page.waitForSelector("html[data-ready]", { timeout: 5000 })
  const pause = (ms) => new Promise((r) => setTimeout(r, ms))
  if (part === "try") {
    await page.click("[data-fire='1000']")
    await pause(1000)
    await page.click("[data-fire='100']")
    await pause(2600)
    await page.click("[data-fire='100']")
    await pause(900)
    await page.click("[data-fire='1']")
    await pause(200)
  }
  if (part === "tabs") {
    await page.click("#here")
    await pause(1900)
    await page.click("#write")
    await pause(300)
  }
  if (part === "replay") {
    await page.click("#replay-start")
    await page.waitForSelector("#ratios[data-done]", { timeout: 60000 })
  }
  if (part === "inspect") {
    await page.click("#samples")
    await pause(700)
  }
  if (part === "prove") {
    await page.click("#prove-start")
    await page.waitForSelector("#prove-results[data-done]", { timeout: 240000 })
    console.log(await page.$eval("#prove-status", (e) => e.textContent))
    console.log(await page.$$eval("[data-result=broken]", (l) => l.map((e) => e.textContent)))
  }
  await page.screenshot({ path: `/tmp/pg-${part}-${scheme}-${width}.png`, fullPage: true })
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  if (over > 0) console.log(part, "overflows by", over)
}
await b.close()
